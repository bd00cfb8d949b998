import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Clock, Deadline } from '../../lib/domain/deadline';
import { createStateStore } from '../../lib/dynamodb/state-store';
import type { StateStore } from '../../lib/ports/checkpoints';
import type { Input, Item } from './in-memory-dynamodb';
import type { Io } from './in-memory-io';
import { readState, toNames, toQuarantined, type InMemoryTable } from './in-memory-table';

export interface InMemoryStateDeps {
  readonly table: InMemoryTable;
  readonly clock: Clock;
  readonly io: Io;
  readonly newCommitId: () => string;
}

/** lib/dynamodb's own state store, over a table in memory. */
export function createInMemoryState({ table, clock, io, newCommitId }: InMemoryStateDeps): StateStore {
  return {
    acquire(connector, runId, deadline) {
      const client = createClient(table, io, runId, deadline);
      const store = createStateStore({
        table: { client, name: 'in-memory' },
        clock,
        newCommitId,
        newIdKey: () => 'key',
      });
      return store.acquire(connector, runId, deadline);
    },
  };
}

/** Requests that need not succeed for a run to end well: none of them may start in the reserve. */
const NOT_CLOSING: readonly string[] = ['query SEEN', 'fix TAILNET'];

/** A client whose requests travel through `io`. The paginator requires a DynamoDBClient by its prototype. */
function createClient(table: InMemoryTable, io: Io, runId: string, deadline: Deadline): DynamoDBClient {
  const { items } = table;
  function effectOf(command: { readonly input: unknown }, name: string): () => unknown {
    const input = command.input as Input;
    const onWrite = (before: Item | undefined, after: Item) => {
      announce(table, runId, name, input, before, after);
    };
    if (command instanceof GetItemCommand)
      return () => ({ Item: items.get(input.Key?.['pk']?.S ?? '', input.Key?.['sk']?.S ?? '') });
    if (command instanceof PutItemCommand) return () => items.putItem(input, onWrite);
    if (command instanceof UpdateItemCommand) return () => items.updateItem(input, onWrite);
    if (command instanceof QueryCommand) return () => items.query(input);
    throw new Error(`the in-memory table has no ${name}`);
  }
  const send = (command: { readonly input: unknown }) => {
    const { name, about, writes } = describe(command.input as Input);
    const closing = !NOT_CLOSING.includes(name);
    const call = { service: 'state', name, about, writes, closing, limitMs: 20_000, deadline } as const;
    return io(call, effectOf(command, name));
  };
  return Object.assign(Object.create(DynamoDBClient.prototype) as DynamoDBClient, { send });
}

/** Names a request by what the product does with it. */
function describe(input: Input): { readonly name: string; readonly about: string; readonly writes: boolean } {
  const { Key, Item: put, UpdateExpression: update, ExpressionAttributeValues: values = {} } = input;
  const { pk, sk } = Key ?? put ?? {};
  const key = sk?.S ?? '';
  const write = (name: string, about = key) => ({ name, about, writes: true });
  if (pk === undefined) return { name: 'query SEEN', about: values[':first']?.S ?? '', writes: false };
  if (put !== undefined) return write(key === 'GENESIS' ? 'put GENESIS' : 'GAP');
  if (update === undefined) return { name: `get ${key}`, about: '', writes: false };
  if (values[':ids'] !== undefined) return write('add SEEN', `${key} ${values[':ids'].BS?.length}`);
  if (key.startsWith('QUAR#')) return write('QUARANTINE');
  if (key === 'GENESIS') return write(values[':tailnetKey'] === undefined ? 'mark GENESIS' : 'fix TAILNET');
  if (values[':previousLease'] !== undefined) return write('ACQUIRE', values[':owner']?.S);
  if (values[':lastCommitId'] !== undefined) return write('COMMIT', describeCommit(values));
  if (values[':lastFailure'] !== undefined) return write('FAIL');
  const working = values[':working']?.M;
  if (working === undefined) return write('ALERTS');
  return write('NOTE', `${(working['ids']?.B?.length ?? 0) / 8} records, ${working['deaths']?.N} deaths`);
}

function describeCommit(values: Item): string {
  const { hourly, daily } = values[':sweeps']?.M ?? {};
  const [live, sweep] = [values[':inflight']?.M, daily?.M?.['inflight']?.M ?? hourly?.M?.['inflight']?.M];
  const page = (live ?? sweep)?.['page']?.N;
  const at = page === undefined ? '' : ` ${live === undefined ? 'sweep ' : ''}page ${page}`;
  return `wm ${new Date(Number(values[':wm']?.N)).toISOString()}${at}${values[':leaseUntil'] === undefined ? '' : ', release'}`;
}

function announce(
  { watch }: InMemoryTable,
  runId: string,
  name: string,
  { ExpressionAttributeValues: values = {} }: Input,
  before: Item | undefined,
  after: Item,
): void {
  if (name === 'ACQUIRE') watch.acquired?.(runId, readState(before));
  if (name === 'COMMIT') {
    const [from, to] = [readState(before), readState(after)];
    if (from !== undefined && to !== undefined) watch.committed?.(runId, from.token, from, to);
  }
  if (name === 'NOTE') {
    const { ids, deaths } = values[':working']?.M ?? {};
    watch.noted?.(runId, toNames(ids?.B ?? Buffer.alloc(0)), Number(deaths?.N));
  }
  if (name === 'add SEEN')
    watch.marked?.(runId, values[':ids']?.BS?.map((bytes) => Buffer.from(bytes).toString('hex')) ?? []);
  if (name === 'QUARANTINE') watch.quarantined?.(runId, toQuarantined(after));
}

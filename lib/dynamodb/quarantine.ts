import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { ConnectorError } from '../domain/errors';
import type { InstallationRecord } from '../domain/checkpoint';
import type { PublishedId } from '../domain/published-id';
import type { Quarantined } from '../domain/quarantine';
import type { Clock, Deadline } from '../domain/deadline';
import { InvalidInput, parseWith } from '../contract/parse';
import { createConnectorItems, type Item } from './connector-items';
import { parseInstallation } from './items';
import { INSTALLATION_KEY, ledgerPartition, quarantineKey, statePartition } from './keys';
import { createPublishedIds } from './published-ids';
import { callOptions, reaching, type Table } from './table';
import { toInstallation } from './live-lease';

/** What a connector has quarantined. Needs no lease: it touches the ledger and the published ids, never the checkpoint. */
export interface Quarantine {
  /**
   * Entries that wait, in the order of their keys, a page of the table at a time.
   *
   * @param after Behind the entry of this id; null: from the first.
   */
  waiting(after: string | null): AsyncGenerator<readonly Quarantined[], void, void>;
  /** Those that have no mark yet get one, so that a later tick leaves them out. */
  markPublished(elements: readonly PublishedId[]): Promise<void>;
  /** The bus has taken it after all. */
  markRedriven(id: string): Promise<void>;
  /** undefined: the connector has never run. */
  installation(): Promise<InstallationRecord | undefined>;
}

const entry = z.object({
  id: z.string(),
  reason: z.string(),
  bucket: z.string(),
  key: z.string(),
  sha256: z.string(),
  bytes: z.int().check(z.nonnegative()),
  at: z.int(),
  position: z._default(z.string(), ''),
});

/** A connector's quarantine in the table (pk, sk). All of it throws ConnectorError STATE_UNAVAILABLE or STATE_INVALID. */
export function createQuarantine({
  table,
  clock,
}: {
  readonly table: Table;
  readonly clock: Clock;
}): (connector: string, deadline: Deadline) => Quarantine {
  return (connector, deadline) => {
    const pk = ledgerPartition(connector);
    const items = createConnectorItems(table, pk, deadline);
    const publishedIds = createPublishedIds({ table, connector, clock, deadline });

    const page = (start: Item | undefined) =>
      table.client.send(
        new QueryCommand({
          TableName: table.name,
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          FilterExpression: '#status = :waiting',
          ExpressionAttributeNames: { '#status': 'status' },
          ExpressionAttributeValues: {
            ':pk': { S: pk },
            ':prefix': { S: quarantineKey('') },
            ':waiting': { S: 'quarantined' },
          },
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
        callOptions(deadline),
      );

    return {
      async *waiting(after) {
        let start: Item | undefined = after === null ? undefined : { pk: { S: pk }, sk: { S: quarantineKey(after) } };
        do {
          const answer = await reaching(table, () => page(start));
          yield (answer.Items ?? []).map(parseEntry);
          start = answer.LastEvaluatedKey;
        } while (start !== undefined);
      },
      markPublished: (elements) =>
        reaching(table, async () => {
          const seen = await publishedIds.load([...new Set(elements.map(({ bucket }) => bucket))]);
          await publishedIds.mark(elements.filter((element) => seen.status(element) !== 'same'));
        }),
      installation: () =>
        reaching(table, async () => {
          const found = await createConnectorItems(table, statePartition(connector), deadline).get(INSTALLATION_KEY);
          const installation = found && parseInstallation(found);
          return installation?.idKey === undefined ? undefined : toInstallation(installation, installation.idKey);
        }),
      markRedriven: (id) =>
        reaching(table, async () => {
          // Refused where another redrive was first: then it says so already.
          await items.update(quarantineKey(id), {
            set: ['#status = :redriven', '#redrivenAt = :now'],
            when: '#status = :quarantined',
            values: { redriven: 'redriven', quarantined: 'quarantined', now: clock.now() },
          });
        }),
    };
  };
}

function parseEntry(item: Item): Quarantined {
  try {
    const { id, reason, at, position, ...object } = parseWith(
      entry,
      unmarshall(item),
      `the ledger's item ${item['sk']?.S ?? ''}`,
    );
    return { id, reason, at, object, position: position === '' ? null : position };
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new ConnectorError(
      'STATE_INVALID',
      `${error.message}; somebody else wrote it. Put it right, or delete it: the object in the archive stays`,
    );
  }
}

import { gunzipSync } from 'node:zlib';
import { DynamoDBClient, GetItemCommand, QueryCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Millis } from '../../../lib/domain/time';
import { DETAIL_TYPE } from '../../../lib/contract/names';
import { ENV } from '../../../lib/contract/settings';
import { publishedIdOf } from '../../../lib/events/identity/event-id';
import { ledgerPartition, publishedPartition, STATE_KEY, statePartition } from '../../../lib/dynamodb/keys';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import type { TestEnvironment } from '../../harness/environment';

/** The one connector of a test environment. */
export const CONNECTOR = 'default';

const detail = z.object({
  id: z.string(),
  contentHash: z.string(),
  stream: z.enum(['audit', 'policy-diff']),
  target: z.object({ id: z.string() }),
  revision: z.boolean(),
  claimCheck: z.nullable(z.object({ key: z.string(), sha256: z.string() })),
});
export type Detail = z.infer<typeof detail>;

const shown = z.object({ target: z.object({ id: z.string(), property: z.optional(z.string()) }) });

/** One event, named by its stream and the record's target, which is different for each record. */
export const nameOf = ({ stream, target }: Pick<Detail, 'stream' | 'target'>) => `${stream} ${target.id}`;

/** Names of the events that a record gives. */
export function namesOf(record: object): string[] {
  const { target } = z.parse(shown, record);
  const streams = target.property === 'ACL' ? (['audit', 'policy-diff'] as const) : (['audit'] as const);
  return streams.map((stream) => nameOf({ stream, target }));
}

/** Digits that a mark begins with: those of the id's hash. */
export const MARK_DIGITS = 16;

const markOf = ({ id }: Pick<Detail, 'id'>) => publishedIdOf(id, '', null).element;

export interface Evidence {
  /** Every event of a record on the bus, in order, copies too. */
  delivered(): readonly Detail[];
  /** Names of the events that are out: on the bus, or whole in quarantine. */
  out(): ReadonlySet<string>;
  /** The marks of the same. */
  marks(): ReadonlySet<string>;
  quarantined(): readonly Detail[];
  /** Keys of the objects that the ledger's quarantine entries point to. */
  ledgerKeys(): Promise<readonly string[]>;
  /** The beginning of every mark in the table. */
  seen(): Promise<readonly string[]>;
  /** The watermark in the table; null before the first commit. */
  watermark(): Promise<Millis | null>;
  readonly archived: (key: string) => string | undefined;
  close(): void;
}

/** Marks the reads of the table that are not the connector's. */
const OURS = { ReturnConsumedCapacity: 'TOTAL' } as const;
export const isOurs = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'ReturnConsumedCapacity' in body;

const pointer = z.object({ key: z.string() });
const seenItem = z.object({ ids: z.custom<ReadonlySet<Uint8Array>>((value) => value instanceof Set) });
const stateItem = z.object({ wm: z.optional(z.int()) });

/** What a run has left behind, seen from outside: the bus, the table and the archive. */
export function createEvidence({
  events,
  gateway,
  environment,
}: Pick<TestEnvironment, 'events' | 'gateway' | 'environment'>): Evidence {
  const client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: gateway.url });
  const table = { TableName: environment[ENV.tableName] };
  const bucket = environment[ENV.archiveBucket] ?? '';
  const details: Detail[] = [];
  let looked = 0;
  const names = new Set<string>();
  const marks = new Set<string>();

  const archived = (key: string) => {
    const object = gateway.s3.object(bucket, key);
    return object && gunzipSync(object.body).toString();
  };
  const quarantined = () =>
    gateway.s3
      .keys(bucket)
      .filter((key) => key.startsWith('quarantine/'))
      .map((key) => z.parse(z.object({ detail }), JSON.parse(archived(key) ?? '')).detail);
  const delivered = () => {
    for (const event of events.slice(looked)) {
      looked += 1;
      if (event['detail-type'] === DETAIL_TYPE.health) continue;
      const read = z.parse(detail, event.detail, {
        error: () => `on the bus: ${JSON.stringify(event.detail).slice(0, 500)}`,
      });
      details.push(read);
      names.add(nameOf(read));
      marks.add(markOf(read));
    }
    return details;
  };
  const query = async (pk: string): Promise<Record<string, AttributeValue>[]> => {
    const command = new QueryCommand({
      ...table,
      ...OURS,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: pk } },
    });
    return (await client.send(command)).Items ?? [];
  };

  return {
    delivered,
    quarantined,
    archived,
    out: () => {
      delivered();
      return new Set([...names, ...quarantined().map(nameOf)]);
    },
    marks: () => {
      delivered();
      return new Set([...marks, ...quarantined().map(markOf)]);
    },
    ledgerKeys: async () =>
      (await query(ledgerPartition(CONNECTOR))).map((item) => z.parse(pointer, unmarshall(item)).key),
    seen: async () =>
      (await query(publishedPartition(CONNECTOR))).flatMap((item) =>
        [...z.parse(seenItem, unmarshall(item)).ids].map((id) => Buffer.from(id).toString('hex').slice(0, MARK_DIGITS)),
      ),
    watermark: async () => {
      const { Item: item } = await client.send(
        new GetItemCommand({
          ...table,
          ...OURS,
          ConsistentRead: true,
          Key: { pk: { S: statePartition(CONNECTOR) }, sk: { S: STATE_KEY } },
        }),
      );
      return item === undefined ? null : (z.parse(stateItem, unmarshall(item)).wm ?? null);
    },
    close: () => {
      client.destroy();
    },
  };
}

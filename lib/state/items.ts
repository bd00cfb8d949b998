import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { ConnectorError } from '../connector/errors';
import { InvalidInput, parseWith } from '../contract/parse';

const millis = z.int();
export const dialect = z.enum(['audit', 'configuration']);

const genesis = z.object({
  installedAt: millis,
  startFrom: millis,
  tailnetKey: z.optional(z.string()),
  tailnetId: z.optional(z.string()),
  committed: z._default(z.boolean(), false),
});
export type GenesisItem = z.infer<typeof genesis>;

const inflight = z.object({
  from: millis,
  until: millis,
  asOf: z.nullable(millis),
  cursor: z.nullable(z.string()),
  page: z.int(),
  restarts: z.int(),
});

const sweep = z.object({ doneFrom: millis, inflight: z.nullable(z.extend(inflight, { startedAt: millis })) });
export const sweeps = z.object({ hourly: sweep, daily: sweep });

const state = z.object({
  token: z.int(),
  owner: z.optional(z.string()),
  rev: z.int(),
  wm: millis,
  lastCommitId: z.optional(z.string()),
  notBefore: z.optional(millis),
  inflight: z._default(z.nullable(inflight), null),
  dialect: z._default(z.nullable(dialect), null),
  idFloor: z._default(z.nullable(millis), null),
  sweeps: z.optional(sweeps),
  failStreak: z._default(z.int(), 0),
});
export type StateItem = z.infer<typeof state>;

type Item = Record<string, AttributeValue>;

const seen = z.object({ sk: z.string(), n: z.int(), ids: z.custom<ReadonlySet<Uint8Array>>((value) => value instanceof Set) });
export type SeenItem = z.infer<typeof seen>;

export const parseGenesis = (item: Item): GenesisItem => parseItem(genesis, item, 'GENESIS');
export const parseState = (item: Item): StateItem => parseItem(state, item, 'STATE');
export const parseSeen = (item: Item): SeenItem => parseItem(seen, item, 'SEEN');

/** @throws ConnectorError STATE_INVALID naming the attribute: somebody else wrote the item. */
function parseItem<Schema extends z.ZodMiniType>(schema: Schema, item: Item, name: string): z.output<Schema> {
  try {
    return parseWith(schema, unmarshall(item), `the ${name} item`);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new ConnectorError('STATE_INVALID', `${error.message}; somebody else wrote it. Put it right, or set the watermark back with tailscale-audit rewind`);
  }
}

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { parseWith } from '../contract/parse';

const millis = z.int();
const dialect = z.enum(['audit', 'configuration']);

const genesis = z.object({
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
});
export type StateItem = z.infer<typeof state>;

type Item = Record<string, AttributeValue>;

/** @throws InvalidInput naming the attribute: somebody else wrote the item. */
export const parseGenesis = (item: Item): GenesisItem => parseWith(genesis, unmarshall(item), 'GENESIS item');

/** @throws InvalidInput naming the attribute: somebody else wrote the item. */
export const parseState = (item: Item): StateItem => parseWith(state, unmarshall(item), 'STATE item');

const seen = z.object({ sk: z.string(), n: z.int(), ids: z.custom<ReadonlySet<Uint8Array>>((value) => value instanceof Set) });
export type SeenItem = z.infer<typeof seen>;

/** @throws InvalidInput naming the attribute: somebody else wrote the item. */
export const parseSeen = (item: Item): SeenItem => parseWith(seen, unmarshall(item), 'SEEN item');

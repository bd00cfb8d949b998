import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { MARKERS } from './writer';

const text = z.nullable(z.string());

const health = z.object({
  stream: z.literal('health'),
  id: z.string(),
  kind: z.string(),
  description: z.string(),
  occurredAt: z.string(),
  interval: z.nullable(z.object({ from: z.string(), until: z.string() })),
});
const common = {
  id: z.string(),
  contentHash: z.string(),
  tailnet: z.string(),
  occurredAt: text,
  claimCheck: z.nullable(z.object({ key: z.string() })),
};
const audit = z.object({
  ...common,
  stream: z.literal('audit'),
  revision: z.boolean(),
  unparsed: z.boolean(),
  change: z.object({ new: z.unknown() }),
});
const policyDiff = z.object({ ...common, stream: z.literal('policy-diff'), auditId: z.string() });
const detail = z.discriminatedUnion('stream', [health, audit, policyDiff]);

export type HealthDetail = z.infer<typeof health>;
export type RecordDetail = z.infer<typeof audit> | z.infer<typeof policyDiff>;
export type Stream = RecordDetail['stream'];

/** An event as a consumer reads it: from its JSON, and from nothing else. */
export interface Published<Detail = RecordDetail> {
  readonly detail: Detail;
  /** The records it speaks of; exactly one, if all is well. */
  readonly markers: readonly string[];
  /** As the first half of a mark: 8 bytes of the id's hash. */
  readonly name: string;
}

/** @throws for a detail that the connector does not make. */
export function readPublished(json: string): Published<RecordDetail | HealthDetail> {
  const read = z.parse(detail, JSON.parse(json));
  if (read.stream === 'health') return { detail: read, markers: [], name: '' };
  return { detail: read, markers: [...new Set(json.match(MARKERS) ?? [])], name: nameOf(read.id) };
}

/** Of an id: what a mark begins with. */
export const nameOf = (id: string): string => createHash('sha256').update(id).digest('hex').slice(0, 16);

const kept = z.object({ detail: z.looseObject({}) });

/** The event in an object of the quarantine. */
export function readQuarantined(json: string): Published<RecordDetail | HealthDetail> {
  return readPublished(JSON.stringify(z.parse(kept, JSON.parse(json)).detail));
}

export const isOfRecord = (published: Published<RecordDetail | HealthDetail>): published is Published =>
  published.detail.stream !== 'health';

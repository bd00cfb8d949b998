import * as z from 'zod/mini';
import { InvalidInput, parseWith } from '../contract/parse';
import type { EncodedEvent } from '../domain/event';
import { ENCODERS } from '../events/encode/encoders';

const SUBJECT = 'the quarantined event';

/** What a redrive reads or replaces. The rest of the detail is published as stored. */
const stored = z.object({
  detailType: z.enum(ENCODERS.map(({ detailType }) => detailType)),
  time: z.int(),
  seen: z.object({
    bucket: z.string().check(z.regex(/^(?:\d{10}|none)$/)),
    element: z.string().check(z.regex(/^[0-9a-f]{32}$/)),
  }),
  detail: z.looseObject({
    schemaVersion: z.literal('1.0'),
    id: z.string(),
    contentHash: z.string(),
    ingest: z.looseObject({ mode: z.string(), runId: z.string() }),
    claimCheck: z.nullable(z.looseObject({ key: z.string() })),
  }),
});

/** An event from quarantine. */
export interface QuarantinedEvent extends Omit<EncodedEvent, 'countedAs' | 'severity'> {
  /** The whole of it is in the archive already. */
  readonly isClaimed: boolean;
}

/**
 * Reads an event as quarantine stored it. Its hash, compared before, says that a connector wrote it; the version of its
 * schema says that this one understands it.
 *
 * @throws InvalidInput naming every problem.
 */
export function parseQuarantinedEvent(json: string): QuarantinedEvent {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new InvalidInput(SUBJECT, ['is not JSON']);
  }
  assertStored(value);
  // Not the schema's copy: its fields have another order, and a claim check hashes the detail's text.
  const { detailType, time, seen, detail } = value;
  const { id, contentHash, claimCheck } = detail;
  return { detailType, time, detail, id, contentHash, publishedId: seen, isClaimed: claimCheck !== null };
}

function assertStored(value: unknown): asserts value is z.output<typeof stored> {
  parseWith(stored, value, SUBJECT);
}

import * as z from 'zod/mini';
import { DETAIL_TYPE } from '../contract/names';
import { InvalidInput, parseWith } from '../contract/parse';
import type { NormalizedEvent } from '../events/normalize';

const SUBJECT = 'the quarantined event';

/** What a redrive reads or replaces. The rest of the detail goes out as it lies there. */
const shape = z.object({
  detailType: z.enum([DETAIL_TYPE.audit, DETAIL_TYPE.policyDiff]),
  time: z.int(),
  seen: z.object({
    bucket: z.string().check(z.regex(/^(?:\d{10}|none)$/)),
    element: z.string().check(z.regex(/^[0-9a-f]{32}$/)),
  }),
  detail: z.object({
    schemaVersion: z.literal('1.0'),
    stream: z.enum(['audit', 'policy-diff']),
    id: z.string(),
    contentHash: z.string(),
    ingest: z.object({ mode: z.string(), runId: z.string() }),
    claimCheck: z.nullable(z.object({ key: z.string() })),
  }),
});

/**
 * Reads an event back as it was put aside. Its hash, compared before, says that it is what a connector wrote; the version
 * of its schema says that this one understands it.
 *
 * @throws InvalidInput naming every problem.
 */
export function parseQuarantinedEvent(json: string): NormalizedEvent {
  const value = parseJson(json);
  assertEvent(value);
  return value;
}

function assertEvent(value: unknown): asserts value is NormalizedEvent {
  parseWith(shape, value, SUBJECT);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new InvalidInput(SUBJECT, ['is not JSON']);
  }
}

import * as z from 'zod/mini';
import type { Millis } from '../../../lib/domain/time';
import { publishedPartition, STATE_KEY } from '../../../lib/dynamodb/keys';
import type { Call } from '../../../local/gateway/faults';
import type { Tailnet } from '../../../local/tailnet/tailnet';
import { CONNECTOR, MARK_DIGITS, namesOf, type Evidence } from './evidence';

const update = z.object({ Key: z.object({ pk: z.object({ S: z.string() }), sk: z.object({ S: z.string() }) }) });
const marking = z.object({ ExpressionAttributeValues: z.object({ ':ids': z.object({ BS: z.array(z.string()) }) }) });
const commit = z.object({ ExpressionAttributeValues: z.object({ ':wm': z.object({ N: z.string() }) }) });

export interface Witness {
  /** Is shown every request that arrives, before it is served. */
  see(call: Call): Promise<void>;
  /** Reads the present watermark. */
  readWatermark(): Promise<Millis | null>;
  readonly problems: readonly string[];
}

/** Watches the order of things: what is written down about an event must not arrive before the event is out. */
export function createWitness({
  evidence,
  api,
  overlapMs,
}: {
  evidence: Evidence;
  api: Tailnet;
  overlapMs: Millis;
}): Witness {
  const problems: string[] = [];
  let highest = -Infinity;

  const readWatermark = async () => {
    const watermark = await evidence.watermark();
    if (watermark !== null && watermark < highest)
      problems.push(`I5: the watermark went back by ${highest - watermark} ms`);
    highest = Math.max(highest, watermark ?? -Infinity);
    return watermark;
  };

  const seeMarks = (ids: readonly string[]) => {
    const out = evidence.marks();
    const early = ids.filter((id) => !out.has(Buffer.from(id, 'base64').toString('hex').slice(0, MARK_DIGITS)));
    if (early.length > 0)
      problems.push(`I9: ${early.length} of ${ids.length} were marked as seen before they were out`);
  };

  const seeCommit = async (next: Millis) => {
    const watermark = await readWatermark();
    if (watermark === null || next <= watermark) return;
    const out = evidence.out();
    const covered = api.records.filter(
      ({ at }) => at <= BigInt(next) * 1_000_000n && at > BigInt(watermark - overlapMs) * 1_000_000n,
    );
    const missing = covered.flatMap(({ record }) => namesOf(record)).filter((name) => !out.has(name));
    if (missing.length > 0)
      problems.push(`I4: the watermark closes over ${missing.length} events that are not out, first ${missing[0]}`);
  };

  return {
    problems,
    readWatermark,
    async see({ operation, body }) {
      if (operation !== 'UpdateItem') return;
      const { pk, sk } = z.parse(update, body).Key;
      if (pk.S === publishedPartition(CONNECTOR)) seeMarks(z.parse(marking, body).ExpressionAttributeValues[':ids'].BS);
      const committing = sk.S === STATE_KEY ? z.safeParse(commit, body) : undefined;
      if (committing?.success === true) await seeCommit(Number(committing.data.ExpressionAttributeValues[':wm'].N));
    },
  };
}

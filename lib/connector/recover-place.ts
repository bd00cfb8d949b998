import { METRIC } from '../contract/names';
import { announce } from './health';
import type { Place } from './ports';
import type { Run } from './run';
import { adoptDialect, retentionGap, RETENTION_MS } from './window';

/**
 * The place to go on from. Where the kept one cannot be right, or reaches further back than Tailscale keeps its log,
 * that is announced first: with the exact interval, on the bus, in the ledger and as a metric.
 */
export async function recoverPlace(run: Run): Promise<Place> {
  const { tenure, clock } = run;
  const place = adoptDialect(tenure.place, run.connector.dialect);
  const now = clock.now();
  if (tenure.stateLost) return startOver(run, place, 'the watermark was gone from the table');
  if (place.watermark > now + run.overlapMinutes * 60_000) return startOver(run, place, `the watermark was ${new Date(place.watermark).toISOString()}, which is in the future`);
  const gap = retentionGap(place, now);
  if (gap === null) return place;
  await tenure.recordGap(gap);
  run.telemetry.count(run.connector.id, METRIC.gaps, 1);
  await announce(run, { kind: 'gap', interval: gap, description: 'these events are older than Tailscale keeps its log and can no longer be read; the admin console or a log stream may still have them' });
  return commit(run, { ...place, watermark: gap.until, inflight: null });
}

/** From the installation, or as far back as the log reaches. What was published is known by its id and left out. */
async function startOver(run: Run, place: Place, reason: string): Promise<Place> {
  const { tenure, clock, telemetry, connector } = run;
  const now = clock.now();
  const watermark = Math.max(tenure.genesis.startFrom, now - RETENTION_MS);
  telemetry.count(connector.id, METRIC.stateLost, 1);
  await announce(run, { kind: 'stateLost', interval: { from: watermark, until: now }, description: `${reason}; this interval is read again, and what was published before is left out` });
  return commit(run, { ...place, watermark, inflight: null });
}

async function commit(run: Run, place: Place): Promise<Place> {
  await run.tenure.commit(place);
  return place;
}

import { METRIC } from '../contract/names';
import { tell } from './alerts';
import { announce } from './health';
import type { Place } from './ports';
import type { Run } from './run';
import { time } from './silence';
import { adoptDialect, retentionGap, RETENTION_MS, SWEEPS } from './window';

/**
 * The place to continue from. Where the kept one cannot be right, or reaches further back than Tailscale keeps its log,
 * that is announced first: with the exact interval, on the bus, in the ledger and as a metric.
 */
export async function recoverPlace(run: Run): Promise<Place> {
  const { tenure, clock } = run;
  const place = await dialectOf(run);
  const now = clock.now();
  if (tenure.stateLost) return startOver(run, place, 'the watermark was gone from the table');
  if (place.watermark > now + run.overlapMinutes * 60_000)
    return startOver(run, place, `the watermark was ${time(place.watermark)}, which is in the future`);
  const gap = retentionGap(place, now);
  if (gap === null) return place;
  await tenure.recordGap(gap);
  run.telemetry.count(run.connector.id, METRIC.gaps, 1);
  const description =
    'these events are older than Tailscale keeps its log and can no longer be read; the admin console or a log stream may still have them';
  await announce(run, { kind: 'gap', interval: gap, description, code: null, at: now, runId: run.runId });
  return commit(run, { ...place, watermark: gap.until, inflight: null });
}

/** The two dialects give the same record different ids, so what is read again after a switch is published again. */
async function dialectOf(run: Run): Promise<Place> {
  const { tenure, clock, connector, runId } = run;
  const place = adoptDialect(tenure.place, connector.dialect);
  if (place.dialect === tenure.place.dialect) return place;
  const until = place.watermark;
  const interval = { from: Math.max(Math.min(tenure.genesis.startFrom, until), until - SWEEPS.daily.horizonMs), until };
  const description = `the connector reads the ${String(place.dialect)} dialect now; records of this interval are published again under other ids, as overlap and sweeps read them`;
  await tell(run, { kind: 'dialectChanged', description, code: null, at: clock.now(), runId, interval });
  return place;
}

/** From the installation, or as far back as the log reaches. What was published is known by its id and left out. */
async function startOver(run: Run, place: Place, reason: string): Promise<Place> {
  const { tenure, clock, telemetry, connector, runId } = run;
  const now = clock.now();
  const watermark = Math.max(tenure.genesis.startFrom, now - RETENTION_MS);
  telemetry.count(connector.id, METRIC.stateLost, 1);
  const description = `${reason}; this interval is read again, and what was published before is left out`;
  await announce(run, {
    kind: 'stateLost',
    interval: { from: watermark, until: now },
    description,
    code: null,
    at: now,
    runId,
  });
  return commit(run, { ...place, watermark, inflight: null });
}

async function commit(run: Run, place: Place): Promise<Place> {
  await run.tenure.commit(place);
  return place;
}

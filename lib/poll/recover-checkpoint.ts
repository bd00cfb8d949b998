import { METRIC } from '../contract/names';
import { tell } from './alerts';
import { announce } from '../pipeline/health-events';
import type { Place } from '../domain/checkpoint';
import type { Run } from '../pipeline/run';
import {} from './silence';
import { SWEEPS } from '../domain/checkpoint';
import { rfc3339, RETENTION_MS } from '../domain/time';
import { adoptDialect, retentionGap } from '../pipeline/plan';

/**
 * The place to continue from. Where the kept one cannot be right, or reaches further back than Tailscale keeps its log,
 * that is announced first: with the exact interval, on the bus, in the ledger and as a metric.
 */
export async function recoverCheckpoint(run: Run): Promise<Place> {
  const { lease, clock } = run;
  const checkpoint = await dialectOf(run);
  const now = clock.now();
  if (lease.stateLost) return startOver(run, checkpoint, 'the watermark was gone from the table');
  if (checkpoint.watermark > now + run.overlapMinutes * 60_000)
    return startOver(run, checkpoint, `the watermark was ${rfc3339(checkpoint.watermark)}, which is in the future`);
  const gap = retentionGap(checkpoint, now);
  if (gap === null) return checkpoint;
  await lease.recordGap(gap);
  run.telemetry.count(run.connector.id, METRIC.gaps, 1);
  const description =
    'these events are older than Tailscale keeps its log and can no longer be read; the admin console or a log stream may still have them';
  await announce(run, { kind: 'gap', interval: gap, description, code: null, at: now, runId: run.runId });
  return commit(run, { ...checkpoint, watermark: gap.until, inflight: null });
}

/** The two dialects give the same record different ids, so what is read again after a switch is published again. */
async function dialectOf(run: Run): Promise<Place> {
  const { lease, clock, connector, runId } = run;
  const checkpoint = adoptDialect(lease.checkpoint, connector.dialect);
  if (checkpoint.dialect === lease.checkpoint.dialect) return checkpoint;
  const until = checkpoint.watermark;
  const interval = {
    from: Math.max(Math.min(lease.installation.startFrom, until), until - SWEEPS.daily.horizonMs),
    until,
  };
  const description = `the connector reads the ${String(checkpoint.dialect)} dialect now; records of this interval are published again under other ids, as overlap and sweeps read them`;
  await tell(run, { kind: 'dialectChanged', description, code: null, at: clock.now(), runId, interval });
  return checkpoint;
}

/** From the installation, or as far back as the log reaches. What was published is known by its id and left out. */
async function startOver(run: Run, checkpoint: Place, reason: string): Promise<Place> {
  const { lease, clock, telemetry, connector, runId } = run;
  const now = clock.now();
  const watermark = Math.max(lease.installation.startFrom, now - RETENTION_MS);
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
  return commit(run, { ...checkpoint, watermark, inflight: null });
}

async function commit(run: Run, checkpoint: Place): Promise<Place> {
  await run.lease.commit(checkpoint);
  return checkpoint;
}

import { METRIC } from '../contract/names';
import type { ConnectorSettings } from '../contract/settings';
import { SWEEPS, type Checkpoint } from '../domain/checkpoint';
import type { Clock } from '../domain/deadline';
import { RETENTION_MS, rfc3339, type Millis } from '../domain/time';
import { adoptDialect, retentionGap } from '../pipeline/plan';
import type { LiveLease } from '../ports/checkpoints';
import type { Telemetry } from '../ports/telemetry';
import type { Health } from './health';

export interface RecoverDeps {
  readonly connector: ConnectorSettings;
  readonly lease: Pick<LiveLease, 'checkpoint' | 'installation' | 'stateLost' | 'commit' | 'recordGap'>;
  readonly health: Pick<Health, 'emit' | 'emitOrOwe'>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly overlapMs: Millis;
}

/**
 * The checkpoint to continue from. Where the stored one cannot be right, or reaches further back than Tailscale keeps its
 * log, a health event reports the exact interval first, and so do the ledger and a metric.
 */
export async function recoverCheckpoint(deps: RecoverDeps): Promise<Checkpoint> {
  const { connector, lease, health, clock, telemetry, overlapMs } = deps;
  const checkpoint = await checkDialect(deps);
  const now = clock.now();

  /** From the installation, or as far back as the log reaches. What was published is known by its id and left out. */
  async function startOver(reason: string): Promise<Checkpoint> {
    const watermark = Math.max(lease.installation.startFrom, now - RETENTION_MS);
    telemetry.count(connector.id, METRIC.stateLost, 1);
    const description = `${reason}; this interval is read again, and what was published before is left out`;
    await health.emit({ kind: 'stateLost', interval: { from: watermark, until: now }, description, code: null });
    return commit({ ...checkpoint, watermark, inflight: null });
  }

  async function commit(next: Checkpoint): Promise<Checkpoint> {
    await lease.commit(next);
    return next;
  }

  if (lease.stateLost) return startOver('the watermark was gone from the table');
  if (checkpoint.watermark > now + overlapMs)
    return startOver(`the watermark was ${rfc3339(checkpoint.watermark)}, which is in the future`);
  const gap = retentionGap(checkpoint, now);
  if (gap === null) return checkpoint;
  await lease.recordGap(gap);
  telemetry.count(connector.id, METRIC.gaps, 1);
  const description =
    'these events are older than Tailscale keeps its log and can no longer be read; the admin console or a log stream may still have them';
  await health.emit({ kind: 'gap', interval: gap, description, code: null });
  return commit({ ...checkpoint, watermark: gap.until, inflight: null });
}

/** The two dialects give the same record different ids, so what is read again after a switch is published again. */
async function checkDialect({ connector, lease, health }: RecoverDeps): Promise<Checkpoint> {
  const adopted = adoptDialect(lease.checkpoint, connector.dialect);
  if (adopted.dialect === lease.checkpoint.dialect) return adopted;
  const until = adopted.watermark;
  const interval = {
    from: Math.max(Math.min(lease.installation.startFrom, until), until - SWEEPS.daily.horizonMs),
    until,
  };
  const description = `the connector reads the ${String(adopted.dialect)} dialect now; records of this interval are published again under other ids, as overlap and sweeps read them`;
  await health.emitOrOwe({ kind: 'dialectChanged', description, code: null, interval });
  return adopted;
}

import { createHash } from 'node:crypto';
import type { HealthEvent } from '../contract/health-event';
import { DETAIL_TYPE, EVENT_CATEGORY, EVENT_SOURCE } from '../contract/names';
import { oneLine } from '../events/encode/describe';
import { ConnectorError } from '../domain/errors';
import { rfc3339, type Millis, type Window } from '../domain/time';
import type { Run } from './run';

/** Something that the connector says of itself. */
export interface HealthNotice {
  readonly kind: HealthEvent['kind'];
  readonly description: string;
  /** Of the failure, where one is the reason. */
  readonly code: string | null;
  /** When it became true. */
  readonly at: Millis;
  readonly runId: string;
  readonly interval: Window | null;
  /** What it is about, where one run announces several of a kind. Copies of an announcement share their id. */
  readonly subject?: string;
}

const TITLE: Readonly<Record<HealthEvent['kind'], string>> = {
  blind: 'Connector is blind',
  catchingUp: 'Connector is catching up',
  recovered: 'Connector has recovered',
  gap: 'Part of the audit log is lost',
  stateLost: 'Checkpoint was lost',
  tailnetChanged: 'Credential opens another tailnet',
  dialectChanged: 'API dialect changed',
  quarantined: 'Record quarantined',
};

/** Kinds that need nobody. All others are high, so that one rule on `high` gets everything that went wrong. */
const INFO: ReadonlySet<HealthEvent['kind']> = new Set(['recovered', 'catchingUp', 'dialectChanged']);

/** Characters. What a description quotes was written by somebody else. */
const MAX_DESCRIPTION = 1_000;

export type Announcer = Pick<Run, 'connector' | 'deadline' | 'publish'> & {
  readonly lease: { readonly installation: { readonly tailnetKey: string | null } };
};

export function healthEvent(
  { connector, lease }: Pick<Announcer, 'connector' | 'lease'>,
  { kind, description, code, at, runId, interval, subject }: HealthNotice,
): HealthEvent {
  return {
    schemaVersion: '1.0',
    id: `h1:${createHash('sha256')
      .update(JSON.stringify([connector.id, kind, interval ?? subject ?? runId]))
      .digest('hex')}`,
    stream: 'health',
    source: EVENT_SOURCE,
    category: EVENT_CATEGORY,
    severity: INFO.has(kind) ? 'info' : 'high',
    kind,
    title: TITLE[kind],
    description: oneLine(description, MAX_DESCRIPTION),
    occurredAt: rfc3339(at),
    connector: connector.id,
    tailnet: lease.installation.tailnetKey,
    interval: interval === null ? null : { from: rfc3339(interval.from), until: rfc3339(interval.until) },
    code,
    runId,
  };
}

/**
 * Puts a health event on the bus.
 *
 * @throws ConnectorError BUS_EXHAUSTED when the bus did not accept it; BUS_*.
 */
export async function announce(announcer: Announcer, announcement: HealthNotice): Promise<void> {
  const event = { detailType: DETAIL_TYPE.health, time: announcement.at, detail: healthEvent(announcer, announcement) };
  const { accepted } = await announcer.publish([event], announcer.deadline);
  if (accepted.length === 0)
    throw new ConnectorError(
      'BUS_EXHAUSTED',
      `EventBridge did not accept the health event "${announcement.kind}"; the next run tries again`,
    );
}

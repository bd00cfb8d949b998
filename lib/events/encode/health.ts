import { createHash } from 'node:crypto';
import type { HealthEvent } from '../../contract/health-event';
import { DETAIL_TYPE, EVENT_CATEGORY, EVENT_SOURCE } from '../../contract/names';
import type { BusEvent } from '../../domain/event';
import { rfc3339, type Millis, type Window } from '../../domain/time';
import { oneLine } from './describe';

/** Something that the connector reports about itself. */
export interface HealthNotice {
  readonly kind: HealthEvent['kind'];
  readonly description: string;
  /** Error code of the failure that is the reason; null: the reason is no failure. */
  readonly code: string | null;
  /** When it became true. */
  readonly at: Millis;
  readonly runId: string;
  readonly interval: Window | null;
  /** What it is about, where one run emits several of a kind. Copies of a notice share their id. */
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

/** Kinds that need no action. All others are high, so that one rule on `high` gets everything that went wrong. */
const INFO: ReadonlySet<HealthEvent['kind']> = new Set(['recovered', 'catchingUp', 'dialectChanged']);

/** Characters. A description may quote outside text. */
const MAX_DESCRIPTION = 1_000;

/** Detail type `Tailscale Audit Connector Health`, schema in lib/contract/schemas. */
function healthDetail(
  { kind, description, code, at, runId, interval, subject }: HealthNotice,
  connector: string,
  tailnet: string | null,
): HealthEvent {
  return {
    schemaVersion: '1.0',
    id: `h1:${createHash('sha256')
      .update(JSON.stringify([connector, kind, interval ?? subject ?? runId]))
      .digest('hex')}`,
    stream: 'health',
    source: EVENT_SOURCE,
    category: EVENT_CATEGORY,
    severity: INFO.has(kind) ? 'info' : 'high',
    kind,
    title: TITLE[kind],
    description: oneLine(description, MAX_DESCRIPTION),
    occurredAt: rfc3339(at),
    connector,
    tailnet,
    interval: interval === null ? null : { from: rfc3339(interval.from), until: rfc3339(interval.until) },
    code,
    runId,
  };
}

export function healthEvent(notice: HealthNotice, connector: string, tailnet: string | null): BusEvent {
  return { detailType: DETAIL_TYPE.health, time: notice.at, detail: healthDetail(notice, connector, tailnet) };
}

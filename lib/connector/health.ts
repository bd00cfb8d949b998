import { createHash } from 'node:crypto';
import type { HealthEvent } from '../contract/health-event';
import { DETAIL_TYPE, EVENT_CATEGORY, EVENT_SOURCE } from '../contract/names';
import { ConnectorError, toConnectorError, type ErrorCode } from './errors';
import type { Window } from './ports';
import type { Run } from './run';

export interface News {
  readonly kind: HealthEvent['kind'];
  readonly description: string;
  readonly interval?: Window;
  readonly code?: ErrorCode;
}

const TITLE: Readonly<Record<HealthEvent['kind'], string>> = {
  blind: 'The connector is blind',
  recovered: 'The connector sees again',
  gap: 'A part of the audit log is lost',
  stateLost: 'The connector\'s place was lost',
  tailnetChanged: 'The credential opens another tailnet',
};

type Announcer = Pick<Run, 'connector' | 'tenure' | 'clock' | 'deadline' | 'runId' | 'publish' | 'telemetry'>;

/**
 * Puts a health event on the bus.
 *
 * @throws ConnectorError BUS_EXHAUSTED when the bus did not take it.
 */
export async function announce({ connector, tenure, clock, deadline, runId, publish }: Announcer, { kind, description, interval, code }: News): Promise<void> {
  const now = clock.now();
  const time = (millis: number) => new Date(millis).toISOString();
  const detail: HealthEvent = {
    schemaVersion: '1.0',
    id: `h1:${createHash('sha256').update(JSON.stringify([connector.id, kind, interval ?? runId])).digest('hex')}`,
    stream: 'health',
    source: EVENT_SOURCE,
    category: EVENT_CATEGORY,
    severity: kind === 'recovered' ? 'info' : 'high',
    kind,
    title: TITLE[kind],
    description,
    occurredAt: time(now),
    connector: connector.id,
    tailnet: tenure.genesis.tailnetKey,
    interval: interval === undefined ? null : { from: time(interval.from), until: time(interval.until) },
    code: code ?? null,
    runId,
  };
  const { accepted } = await publish([{ detailType: DETAIL_TYPE.health, time: now, detail }], deadline);
  if (accepted.length === 0) throw new ConnectorError('BUS_EXHAUSTED', `EventBridge did not take the health event "${kind}"; the next tick tries again`);
}

/** As announce, where something more important must not fail because of it. The log has it in any case. */
export async function tryToAnnounce(run: Announcer, news: News): Promise<void> {
  run.telemetry.warn(TITLE[news.kind], { connector: run.connector.id, ...news });
  try {
    await announce(run, news);
  } catch (thrown) {
    run.telemetry.warn('a health event could not be published', { connector: run.connector.id, kind: news.kind, reason: toConnectorError(thrown).message });
  }
}

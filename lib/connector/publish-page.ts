import { METRIC } from '../contract/names';
import type { ConnectorSettings } from '../contract/settings';
import { normalize, type NormalizedEvent } from '../events/normalize';
import { deliver } from './deliver';
import { dropSeen } from './drop-seen';
import { ConnectorError } from './errors';
import type { AuditLogPage, Hold, Millis } from './ports';
import type { Run } from './run';
import { claimOversized, quarantine } from './set-aside';
import type { PublishedPage, Walk } from './walk';

/** A place that knows where live polling stands. */
export interface Watermarked {
  readonly watermark: Millis;
}

type Publishing = Run<Omit<Hold<Watermarked>, 'commit'>>;

/** Normalizes a page's records, drops what was published before, and delivers the rest. */
export async function publishPage(run: Publishing, page: AuditLogPage, walk: Pick<Walk, 'mode' | 'takes' | 'covers'>): Promise<PublishedPage> {
  const { tenure, connector, telemetry, clock, deadline, progress } = run;
  const tailnetKey = await confirmTailnet(tenure, connector, page);
  const { watermark } = tenure.place;
  const context = {
    connector: connector.id,
    tailnetKey,
    mode: walk.mode,
    runId: run.runId,
    receivedAt: clock.now(),
    watermark,
    severityProfile: run.severityProfile,
    oauthClientId: page.oauthClientId,
    expectedActivity: run.expectedActivity,
    // Nothing is cut before the whole of it is in the archive.
    maxDetailBytes: Infinity,
  };
  const events = page.records.flatMap((record) => normalize(record, context)).filter((event) => walk.takes(event));
  const buckets = [...new Set(events.map((event) => event.seen.bucket))];
  if (deadline.isNear()) return { accepted: [], refused: [], unsent: events, duplicates: 0, covered: 0, quarantined: 0 };
  const unpublished = events.length === 0 ? [] : dropSeen(events, await tenure.seen(buckets));
  const fresh = unpublished.filter((event) => !walk.covers(event));
  const putAside = new Set<string>();
  const setAside = async (event: NormalizedEvent, reason: string): Promise<void> => {
    await quarantine(run, event, reason);
    putAside.add(event.seen.element);
  };
  for (const event of fresh) if (event.detail.stream === 'audit' && event.detail.unparsed) await setAside(event, 'unparsed');
  const fitting = await claimOversized(run, fresh);
  const delivery = await deliver(fitting, { publish: run.publish, tenure, deadline, setAside });
  const duplicates = events.length - unpublished.length;

  progress.dialect = page.dialect;
  progress.pages += 1;
  progress.fetched += page.records.length;
  progress.emitted += delivery.accepted.length;
  progress.duplicates += duplicates;
  const count = (metric: Parameters<typeof telemetry.count>[1], value: number) => {
    telemetry.count(connector.id, metric, value);
  };
  if (page.skewMs !== null) count(METRIC.clockSkew, Math.abs(page.skewMs) / 1000);
  count(METRIC.emitted, delivery.accepted.length);
  count(METRIC.duplicates, duplicates);
  const drifted = fresh.filter(({ detail }) => detail.stream === 'audit' && detail.schemaDrift.length > 0).length;
  if (drifted > 0) count(METRIC.schemaDrift, drifted);
  const lags = fresh.filter(({ detail }) => detail.ingest.late).map(({ time }) => (context.receivedAt - time) / 1000);
  if (lags.length > 0) count(METRIC.lateLag, Math.max(...lags));
  return { ...delivery, duplicates, covered: unpublished.length - fresh.length, quarantined: putAside.size };
}

/**
 * The key that ids are made with: the first envelope's id, else the configured name, fixed once. A secret that was
 * replaced by another tailnet's must not write that tailnet's log under this one's name.
 */
async function confirmTailnet(tenure: Pick<Hold<unknown>, 'genesis' | 'fixTailnet'>, connector: ConnectorSettings, page: AuditLogPage): Promise<string> {
  const { tailnetKey, tailnetId } = tenure.genesis;
  if (tailnetId !== null && page.tailnet !== null && page.tailnet !== tailnetId) {
    throw new ConnectorError('TAILNET_CHANGED', `the credential now opens the tailnet "${page.tailnet}", but this connector follows "${tailnetId}"; put the right secret back, or give the new tailnet a connector of its own`);
  }
  if (tailnetKey !== null && (tailnetId !== null || page.tailnet === null)) return tailnetKey;
  const key = tailnetKey ?? page.tailnet ?? (connector.tailnet === '-' ? connector.id : connector.tailnet);
  await tenure.fixTailnet({ key, id: page.tailnet });
  return key;
}

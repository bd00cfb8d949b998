import { METRIC } from '../contract/names';
import type { ConnectorSettings } from '../contract/settings';
import { normalize, type NormalizedEvent } from '../events/normalize';
import { deliver } from './deliver';
import { dropSeen } from './drop-seen';
import { ConnectorError } from './errors';
import type { AuditLogPage, Delivery, Tenure } from './ports';
import type { Run } from './run';
import { claimOversized, quarantine } from './set-aside';
import type { Walk } from './walk';

/** Normalizes a page's records, drops what was published before, and delivers the rest. */
export async function publishPage(run: Run, page: AuditLogPage, { mode, ignoreAfter }: Pick<Walk, 'mode' | 'ignoreAfter'>): Promise<Delivery<NormalizedEvent>> {
  const { tenure, connector, telemetry, clock, deadline, progress } = run;
  const tailnetKey = await confirmTailnet(tenure, connector, page);
  const { watermark } = tenure.place;
  const context = {
    connector: connector.id,
    tailnetKey,
    mode,
    runId: run.runId,
    receivedAt: clock.now(),
    watermark,
    severityProfile: run.severityProfile,
    oauthClientId: page.oauthClientId,
    expectedActivity: run.expectedActivity,
    // Nothing is cut before the whole of it is in the archive.
    maxDetailBytes: Infinity,
  };
  // An event without a usable time has that of its receipt, which is after anything: it is taken wherever it shows up.
  const isMeant = ({ time, seen }: NormalizedEvent) => ignoreAfter === null || seen.bucket === 'none' || time <= ignoreAfter;
  const events = page.records.flatMap((record) => normalize(record, context)).filter(isMeant);
  const buckets = [...new Set(events.map((event) => event.seen.bucket))];
  if (deadline.isNear()) return { accepted: [], refused: [], unsent: events };
  const fresh = events.length === 0 ? [] : dropSeen(events, await tenure.seen(buckets));
  for (const event of fresh) if (event.detail.stream === 'audit' && event.detail.unparsed) await quarantine(run, event, 'unparsed');
  const fitting = await claimOversized(run, fresh);
  const delivery = await deliver(fitting, { publish: run.publish, tenure, deadline, setAside: (event, reason) => quarantine(run, event, reason) });

  progress.dialect = page.dialect;
  progress.pages += 1;
  progress.fetched += page.records.length;
  progress.emitted += delivery.accepted.length;
  progress.duplicates += events.length - fresh.length;
  const count = (metric: Parameters<typeof telemetry.count>[1], value: number) => {
    telemetry.count(connector.id, metric, value);
  };
  if (page.skewMs !== null) count(METRIC.clockSkew, Math.abs(page.skewMs) / 1000);
  count(METRIC.emitted, delivery.accepted.length);
  count(METRIC.duplicates, events.length - fresh.length);
  const drifted = fresh.filter(({ detail }) => detail.stream === 'audit' && detail.schemaDrift.length > 0).length;
  if (drifted > 0) count(METRIC.schemaDrift, drifted);
  const lags = fresh.filter(({ detail }) => detail.ingest.late).map(({ time }) => (context.receivedAt - time) / 1000);
  if (lags.length > 0) count(METRIC.lateLag, Math.max(...lags));
  return delivery;
}

/**
 * The key that ids are made with: the first envelope's id, else the configured name, fixed once. A secret that was
 * replaced by another tailnet's must not write that tailnet's log under this one's name.
 */
async function confirmTailnet(tenure: Tenure, connector: ConnectorSettings, page: AuditLogPage): Promise<string> {
  const { tailnetKey, tailnetId } = tenure.genesis;
  if (tailnetId !== null && page.tailnet !== null && page.tailnet !== tailnetId) {
    throw new ConnectorError('TAILNET_CHANGED', `the credential now opens the tailnet "${page.tailnet}", but this connector follows "${tailnetId}"; put the right secret back, or give the new tailnet a connector of its own`);
  }
  if (tailnetKey !== null && (tailnetId !== null || page.tailnet === null)) return tailnetKey;
  const key = tailnetKey ?? page.tailnet ?? (connector.tailnet === '-' ? connector.id : connector.tailnet);
  await tenure.fixTailnet({ key, id: page.tailnet });
  return key;
}

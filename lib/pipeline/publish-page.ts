import { METRIC, DETAIL_TYPE, type MetricName } from '../contract/names';
import type { ConnectorSettings } from '../contract/settings';
import { MAX_NAME, visibleLine } from '../contract/visible';
import { entryTime } from '../events/records/event-time';
import { normalize, type NormalizedEvent, type NormalizeContext } from '../events/normalize';
import { createUnitDelivery, UNIT_EVENTS, type Leftover, type Outgoing } from './deliver';
import { ConnectorError } from '../domain/errors';
import { healthEvent } from './health-events';
import { createPageMemory, eventsOf, identifyLogRecord, marksOf, workOf, type PageMemory, type Work } from './dedupe';
import type { LogRecord } from '../domain/record';
import type { Millis } from '../domain/time';
import type { AuditLogPage, PageEnd } from '../ports/audit-log';
import type { Lease } from '../ports/checkpoints';
import { rawKey, type RawRecord } from './quarantine';
import type { Run } from './run';
import { createTally, type Tally } from './tally';
import type { WindowReader } from './window-reader';

/** A place that knows where live polling stands. */
export interface Watermarked {
  readonly watermark: Millis;
}

/** What became of a page. */
export interface PublishedPage {
  readonly tally: Tally;
  /** What the answer's end said; null: it was not read to its end. */
  readonly end: PageEnd | null;
  /** null: everything that was read is on the bus or in quarantine. */
  readonly leftover: Leftover | null;
  /** The record (see idHalf) that used up the time of the run. */
  readonly stuckOn: string | null;
}

/** Deaths in a row after which a record is quarantined as it came. */
const MAX_DEATHS = 2;

/** Milliseconds after which the fencing token is checked once more before a unit goes out. */
const FENCE_MS = 2_000;

type Publishing = Run<Omit<Lease<Watermarked>, 'commit'>>;

/**
 * Reads a page while it arrives, and publishes what was not published before, record by record. What is ready goes out
 * and is marked whatever happens to the rest.
 *
 * @param fetchAhead Called when the page was read to its end and has a next one: its request can start.
 * @throws ConnectorError of the page (after what was read has gone out), LEASE_LOST, STATE_UNAVAILABLE, BUS_*.
 */
export async function publishPage(
  run: Publishing,
  page: AuditLogPage,
  reader: Pick<WindowReader, 'mode' | 'selects'>,
  fetchAhead: () => void,
): Promise<PublishedPage> {
  const { lease, deadline, clock } = run;
  const context = await contextOf(run, page, reader.mode);
  const tally = createTally();
  const memory = createPageMemory();
  const note = { names: [] as readonly string[], deaths: 0, at: -Infinity };
  const noteWork = async (names: readonly string[], deaths: number): Promise<void> => {
    await lease.noteWork(names, deaths, delivery.hasProgressed());
    Object.assign(note, { names, deaths, at: clock.now() });
  };
  const fence = async (): Promise<void> => {
    if (clock.now() - note.at > FENCE_MS) await noteWork(note.names, note.deaths);
  };
  const delivery = createUnitDelivery(run, tally, fence);
  let end: PageEnd | null = null;
  let stuckOn: string | null = null;
  try {
    reading: {
      for await (const batch of page.batches) {
        if (deadline.isNear()) break reading;
        tally.fetched += batch.length;
        const work = await unpublished(run, batch, context, reader, memory, tally);
        for (const group of groupsOf(work, lease.suspects)) {
          if (deadline.isNear()) break reading;
          await noteWork(
            group.work.map(({ name }) => name),
            group.deaths,
          );
          for (const one of group.work) {
            if (deadline.isNear()) break reading;
            const outgoing = prepare(run, one, context, group.deaths, tally);
            // Before anything is awaited: a slow bus is not the record's fault.
            if (deadline.isOver()) stuckOn = one.name;
            await delivery.add(outgoing);
            if (stuckOn !== null) break reading;
          }
          if (group.deaths > 0) await delivery.drain();
        }
        // Its file is gone with the next batch.
        if (batch.some(({ kind }) => kind === 'oversized')) await delivery.drain();
      }
      end = page.end();
    }
    if (end !== null && end.cursor !== null) fetchAhead();
  } catch (error) {
    // The error that came first is the one to report. After a lost lease another run owns the rest.
    const isOurs = !(error instanceof ConnectorError && error.code === 'LEASE_LOST');
    await (isOurs ? delivery.drain() : delivery.settle()).catch(() => undefined);
    throw error;
  }
  await delivery.drain();
  count(run, page, tally);
  if (run.edge !== null) run.edge.previous = memory.elements;
  return { tally, end, leftover: delivery.leftover(), stuckOn };
}

async function contextOf(run: Publishing, page: AuditLogPage, mode: WindowReader['mode']): Promise<NormalizeContext> {
  const { lease, connector } = run;
  return {
    connector: connector.id,
    tailnetKey: await confirmTailnet(lease, connector, page),
    mode,
    runId: run.runId,
    receivedAt: run.clock.now(),
    watermark: lease.checkpoint.watermark,
    severityProfile: run.severityProfile,
    oauthClientId: page.oauthClientId,
    expectedActivity: run.expectedActivity,
    // Nothing is cut before the whole of it is in the archive.
    maxDetailBytes: Infinity,
  };
}

/** The records of a batch whose events are not all published, in order, each once. */
async function unpublished(
  run: Publishing,
  batch: readonly LogRecord[],
  { tailnetKey, receivedAt }: NormalizeContext,
  reader: Pick<WindowReader, 'selects'>,
  memory: PageMemory,
  tally: Tally,
): Promise<Work[]> {
  const { lease } = run;
  const names = { tailnetKey, idKey: lease.installation.idKey };
  const identified = batch
    .map((record) => identifyLogRecord(record, names))
    .filter((one) => one.kind === 'raw' || reader.selects(one.identified));
  const times = identified.flatMap((one) =>
    one.kind === 'record' &&
    one.identified.millis !== null &&
    entryTime(one.identified.millis, receivedAt) === one.identified.millis
      ? [one.identified.millis]
      : [],
  );
  if (times.length > 0) run.observe({ lastEventAt: Math.max(...times) });
  if (identified.length === 0) return [];
  const seen = await lease.seen([...new Set(identified.flatMap(marksOf).map(({ bucket }) => bucket))]);
  return identified.flatMap((one) => {
    const work = workOf(one, seen, memory, run.edge);
    tally.duplicates += marksOf(one).length - (work === null ? 0 : eventsOf(work));
    return work ?? [];
  });
}

interface Group {
  readonly work: readonly Work[];
  readonly deaths: number;
}

/** Work whose notes are written together: a unit's worth, but a record on which a run has died stands alone. */
function groupsOf(work: readonly Work[], suspects: ReadonlyMap<string, number>): Group[] {
  const groups: { work: Work[]; deaths: number }[] = [];
  let events = 0;
  for (const one of work) {
    const deaths = suspects.get(one.name) ?? 0;
    const last = groups.at(-1);
    events += eventsOf(one);
    if (last === undefined || deaths > 0 || last.deaths > 0 || events > UNIT_EVENTS) {
      groups.push({ work: [one], deaths });
      events = eventsOf(one);
    } else last.work.push(one);
  }
  return groups;
}

/** A record's events; where they cannot be made, the announcement of the quarantined record. */
function prepare(run: Publishing, work: Work, context: NormalizeContext, deaths: number, tally: Tally): Outgoing[] {
  if (work.kind === 'raw')
    return [announcementOf(run, work, work.id, work.reason, work.content, context.receivedAt, [work.mark])];
  const { identified, raw, wanted, revised } = work;
  const { marks, millis, id } = identified;
  const asRaw = (reason: RawRecord['reason']) => {
    const kept = [...(wanted.audit ? [marks.audit] : []), ...(wanted.diff && marks.diff !== null ? [marks.diff] : [])];
    return [
      announcementOf(
        run,
        work,
        id,
        reason,
        raw,
        millis === null ? context.receivedAt : entryTime(millis, context.receivedAt),
        kept,
      ),
    ];
  };
  if (deaths >= MAX_DEATHS) return asRaw('died-twice');
  try {
    return normalize(identified, context, wanted).map((event) =>
      outgoingOf(run, event, revised[event.detail.stream === 'audit' ? 'audit' : 'diff'], tally),
    );
  } catch (error) {
    run.telemetry.error('a record could not be processed', { connector: run.connector.id, id, reason: String(error) });
    return asRaw('failed');
  }
}

function outgoingOf({ observe, clock }: Publishing, event: NormalizedEvent, revised: boolean, tally: Tally): Outgoing {
  const { detail } = event;
  if (detail.expected !== null) observe({ matched: { [detail.expected.rule]: clock.now() } });
  if (detail.stream === 'audit' && detail.schemaDrift.length > 0) tally.drifted += 1;
  if (detail.ingest.late) tally.latestMs = Math.max(tally.latestMs, clock.now() - event.time);
  const whole = revised ? { ...event, detail: { ...detail, revision: true } } : event;
  return { kind: 'event', event: whole, bytes: Buffer.byteLength(JSON.stringify(whole.detail)), marks: [event.seen] };
}

const WHY: Readonly<Record<RawRecord['reason'], string>> = {
  'too-large': 'it is larger than one record may be (16 MiB)',
  unreadable: 'it is not JSON that can be read',
  failed: 'the connector failed on it; the log has the error',
  'died-twice': 'two runs in a row ended while they worked on it',
};

function announcementOf(
  run: Publishing,
  { position }: Work,
  id: string,
  reason: RawRecord['reason'],
  content: RawRecord['content'],
  time: Millis,
  marks: Outgoing['marks'],
): Outgoing {
  const where = `record ${position} of an answer that arrived at ${new Date(run.clock.now()).toISOString()}`;
  const raw: RawRecord = { id, reason, time, position: where, content };
  const description = `A record of the audit log is not on the bus, because ${WHY[reason]}. It is in quarantine as Tailscale sent it, under ${rawKey(run.connector.id, raw)} (${where})`;
  const detail = healthEvent(run, {
    kind: 'quarantined',
    description,
    code: null,
    at: run.clock.now(),
    runId: run.runId,
    interval: null,
    subject: id,
  });
  return {
    kind: 'announcement',
    event: { detailType: DETAIL_TYPE.health, time, detail },
    raw,
    bytes: content instanceof Uint8Array ? content.length : 0,
    marks,
  };
}

function count({ telemetry, connector, progress }: Publishing, { dialect, skewMs }: AuditLogPage, tally: Tally): void {
  progress.dialect = dialect;
  progress.pages += 1;
  progress.fetched += tally.fetched;
  progress.emitted += tally.emitted;
  progress.duplicates += tally.duplicates;
  const add = (metric: MetricName, value: number) => {
    telemetry.count(connector.id, metric, value);
  };
  if (skewMs !== null) add(METRIC.clockSkew, Math.abs(skewMs) / 1000);
  add(METRIC.emitted, tally.emitted);
  add(METRIC.duplicates, tally.duplicates);
  if (tally.drifted > 0) add(METRIC.schemaDrift, tally.drifted);
  if (tally.latestMs > 0) add(METRIC.lateLag, tally.latestMs / 1000);
}

/**
 * The key that ids are made with: the first envelope's id, else the configured name, fixed once. A secret that was
 * replaced by another tailnet's must not write that tailnet's log under this one's name.
 */
async function confirmTailnet(
  lease: Pick<Lease<unknown>, 'installation' | 'fixTailnet'>,
  connector: ConnectorSettings,
  page: AuditLogPage,
): Promise<string> {
  const { tailnetKey, tailnetId } = lease.installation;
  if (tailnetId !== null && page.tailnet !== null && page.tailnet !== tailnetId) {
    throw new ConnectorError(
      'TAILNET_CHANGED',
      `the credential now opens the tailnet "${visibleLine(page.tailnet, MAX_NAME)}", but this connector follows "${visibleLine(tailnetId, MAX_NAME)}"; put the right secret back, or give the new tailnet a connector of its own`,
    );
  }
  if (tailnetKey !== null && (tailnetId !== null || page.tailnet === null)) return tailnetKey;
  const key = tailnetKey ?? page.tailnet ?? (connector.tailnet === '-' ? connector.id : connector.tailnet);
  await lease.fixTailnet({ key, id: page.tailnet });
  return key;
}

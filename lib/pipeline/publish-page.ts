import { METRIC } from '../contract/names';
import type { ExpectedActivity } from '../contract/expected-activity';
import type { ConnectorSettings, SeverityProfile } from '../contract/settings';
import { MAX_NAME, visibleLine } from '../contract/visible';
import type { Clock, Deadline } from '../domain/deadline';
import { ConnectorError } from '../domain/errors';
import type { LogRecord } from '../domain/record';
import { rfc3339, type Millis } from '../domain/time';
import { healthEvent } from '../events/encode/health';
import type { Provenance } from '../events/encode/encoder';
import { encode, normalize, type Judgement } from '../events/normalize';
import { entryTime } from '../events/records/event-time';
import type { Archive } from '../ports/archive';
import type { AuditLogPage, PageEnd } from '../ports/audit-log';
import type { Lease } from '../ports/checkpoints';
import type { EventBus } from '../ports/event-bus';
import type { Telemetry } from '../ports/telemetry';
import { createDedupe, eventsOf, identifyLogRecord, publishedIdsOf, type Work } from './dedupe';
import { createUnitDelivery, UNIT_EVENTS, type Leftover, type Outgoing } from './deliver';
import { createQuarantine, rawKey, type RawRecord } from './quarantine';
import type { Tally } from './tally';
import type { WindowReader } from './window-reader';

/** What became of a page. */
export interface PublishedPage {
  /** What the answer's end said; null: it was not read to its end. */
  readonly end: PageEnd | null;
  /** null: everything that was read is on the bus or in quarantine. */
  readonly leftover: Leftover | null;
  /** The record (see idHalf) that used up the time of the run. */
  readonly stuckOn: string | null;
}

export interface PagePublisher {
  /**
   * Reads a page while it arrives, and publishes record by record, except what was published before. What is ready is
   * published and marked, whatever happens to the rest.
   *
   * @param tally Grows meanwhile.
   * @param fetchAhead Called when the page was read to its end and has a next one: its request can start.
   * @throws ConnectorError of the page (after what was read is published), LEASE_LOST, STATE_UNAVAILABLE, BUS_*.
   */
  publish(
    page: AuditLogPage,
    reader: Pick<WindowReader<never, never>, 'mode' | 'selects'>,
    tally: Tally,
    fetchAhead: () => void,
  ): Promise<PublishedPage>;
}

/** Effects that publishing needs; the same for every run. */
export interface PublishingPorts {
  readonly archive: Archive;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Lets pending requests continue between two pieces of work. */
  readonly nextTurn: () => Promise<unknown>;
  readonly severityProfile: SeverityProfile;
  readonly expectedActivity: readonly ExpectedActivity[];
}

export interface PagePublisherDeps extends PublishingPorts {
  readonly connector: ConnectorSettings;
  readonly runId: string;
  readonly lease: Omit<Lease<{ readonly watermark: Millis }>, 'commit'>;
  readonly publish: EventBus['publish'];
  readonly deadline: Deadline;
  /** Publishes again what was published before. */
  readonly force: boolean;
  /** Counts everything as published; publishes, quarantines and marks nothing. */
  readonly dryRun: boolean;
}

/** Deaths in a row after which the bytes of a record are quarantined. */
const MAX_DEATHS = 2;

/** Milliseconds after which the fencing token is checked once more before a unit is published. */
const FENCE_MS = 2_000;

export function createPagePublisher(deps: PagePublisherDeps): PagePublisher {
  const { connector, runId, lease, publish, deadline, clock, telemetry, nextTurn, force, dryRun } = deps;
  const { severityProfile, expectedActivity } = deps;
  const quarantine = createQuarantine({ ...deps, connector: connector.id });
  const dedupe = createDedupe({ force, remembersPage: force || dryRun });

  /** The records of a batch whose events are not all published, in order, each once. */
  async function unpublished(
    batch: readonly LogRecord[],
    { tailnetKey, receivedAt }: Provenance,
    selects: WindowReader<never, never>['selects'],
    tally: Tally,
  ): Promise<Work[]> {
    const names = { tailnetKey, idKey: lease.installation.idKey };
    const identified = batch
      .map((record) => identifyLogRecord(record, names))
      .filter((one) => one.kind === 'raw' || selects(one.identified));
    for (const one of identified) {
      const millis = one.kind === 'record' ? one.identified.millis : null;
      if (millis !== null && entryTime(millis, receivedAt) === millis)
        tally.lastEventAt = Math.max(tally.lastEventAt ?? millis, millis);
    }
    if (identified.length === 0) return [];
    const published = await lease.seen([...new Set(identified.flatMap(publishedIdsOf).map(({ bucket }) => bucket))]);
    return identified.flatMap((one) => {
      const work = dedupe.workOf(one, published);
      tally.duplicates += publishedIdsOf(one).length - (work === null ? 0 : eventsOf(work));
      return work ?? [];
    });
  }

  /** A record's events; where they cannot be made, the health event about the quarantined record. */
  function prepare(work: Work, context: Judgement & Provenance, deaths: number, tally: Tally): Outgoing[] {
    if (work.kind === 'raw') return [asRaw(work, work.reason, context.receivedAt, [work.publishedId])];
    const { identified, raw, forms } = work;
    const time = entryTime(identified.millis, context.receivedAt);
    const asRawRecord = (reason: RawRecord['reason']) =>
      asRaw(
        { id: identified.id, content: raw, position: work.position },
        reason,
        time,
        forms.map(({ publishedId }) => publishedId),
      );
    if (deaths >= MAX_DEATHS) return [asRawRecord('died-twice')];
    try {
      const event = normalize(identified, context);
      if (event.expected !== null) tally.matchedRules.add(event.expected.rule);
      if (event.schemaDrift.length > 0) tally.drifted += 1;
      if (event.late) tally.latestMs = Math.max(tally.latestMs, clock.now() - time);
      return forms
        .filter(({ encoder }) => encoder.appliesTo(event))
        .map((form) => {
          const encoded = encode(event, form, time, context, form.isRevision);
          const bytes = Buffer.byteLength(JSON.stringify(encoded.detail));
          const { isParsed } = event;
          return { kind: 'event', event: encoded, isParsed, bytes, publishedIds: [encoded.publishedId] };
        });
    } catch (error) {
      telemetry.error('a record could not be processed', {
        connector: connector.id,
        id: identified.id,
        reason: String(error),
      });
      return [asRawRecord('failed')];
    }
  }

  function asRaw(
    record: Pick<RawRecord, 'id' | 'content'> & { readonly position: number },
    reason: RawRecord['reason'],
    time: Millis,
    publishedIds: Outgoing['publishedIds'],
  ): Outgoing {
    const { id, content } = record;
    const position = `record ${record.position} of an answer that arrived at ${rfc3339(clock.now())}`;
    const raw: RawRecord = { id, reason, time, position, content };
    const description = `A record of the audit log is not on the bus, because ${WHY[reason]}. It is in quarantine as Tailscale sent it, under ${rawKey(connector.id, raw)} (${position})`;
    const notice = { kind: 'quarantined', description, code: null, at: clock.now(), runId, interval: null } as const;
    const event = healthEvent({ ...notice, subject: id }, connector.id, lease.installation.tailnetKey);
    const bytes = content instanceof Uint8Array ? content.length : 0;
    return { kind: 'raw', event: { ...event, time }, raw, bytes, publishedIds };
  }

  return {
    async publish(page, reader, tally, fetchAhead) {
      const context: Judgement & Provenance = {
        connector: connector.id,
        tailnetKey: await confirmTailnet(lease, connector, page),
        mode: reader.mode,
        runId,
        receivedAt: clock.now(),
        watermark: lease.checkpoint.watermark,
        severityProfile,
        oauthClientId: page.oauthClientId,
        expectedActivity,
      };
      dedupe.startPage();
      let note = { names: [] as readonly string[], deaths: 0, at: -Infinity };
      const noteWork = async (names: readonly string[], deaths: number): Promise<void> => {
        await lease.noteWork(names, deaths, delivery.hasProgressed());
        note = { names, deaths, at: clock.now() };
      };
      const fence = async (): Promise<void> => {
        if (clock.now() - note.at > FENCE_MS) await noteWork(note.names, note.deaths);
      };
      const delivery = createUnitDelivery({
        publish,
        quarantine,
        lease,
        deadline,
        clock,
        nextTurn,
        dryRun,
        tally,
        fence,
      });
      let end: PageEnd | null = null;
      let stuckOn: string | null = null;
      try {
        reading: {
          for await (const batch of page.batches) {
            if (deadline.isNear()) break reading;
            tally.fetched += batch.length;
            const work = await unpublished(batch, context, reader.selects, tally);
            for (const group of groupsOf(work, lease.suspects)) {
              if (deadline.isNear()) break reading;
              await noteWork(
                group.work.map(({ name }) => name),
                group.deaths,
              );
              for (const one of group.work) {
                if (deadline.isNear()) break reading;
                const outgoing = prepare(one, context, group.deaths, tally);
                // Before anything is awaited: a slow bus is not the record's fault.
                if (deadline.isOver()) stuckOn = one.name;
                await delivery.add(outgoing);
                if (stuckOn !== null) break reading;
              }
              if (group.deaths > 0) await delivery.drain();
            }
            // Its file is deleted with the next batch.
            if (batch.some(({ kind }) => kind === 'oversized')) await delivery.drain();
          }
          end = page.end();
        }
        if (end !== null && end.cursor !== null) fetchAhead();
        await delivery.drain();
      } catch (error) {
        // Report the first error. After a lost lease the rest is another run's.
        const isOurs = !(error instanceof ConnectorError && error.code === 'LEASE_LOST');
        await (isOurs ? delivery.drain() : delivery.settle()).catch(() => undefined);
        throw error;
      } finally {
        if (!dryRun) telemetry.count(connector.id, METRIC.emitted, tally.emitted);
        if (!dryRun && tally.drifted > 0) telemetry.count(connector.id, METRIC.schemaDrift, tally.drifted);
      }
      return { end, leftover: delivery.leftover(), stuckOn };
    },
  };
}

interface Group {
  readonly work: readonly Work[];
  readonly deaths: number;
}

/** Work whose notes are written together: a unit's worth, but a record on which a run has died is alone. */
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

const WHY: Readonly<Record<RawRecord['reason'], string>> = {
  'too-large': 'it is larger than one record may be (16 MiB)',
  unreadable: 'it is not JSON that can be read',
  failed: 'the connector failed on it; the log has the error',
  'died-twice': 'two runs in a row ended while they worked on it',
};

/**
 * The key that ids are made with: the first envelope's id, else the configured name, fixed once. A secret that was
 * replaced by another tailnet's must not write that tailnet's log under this one's name.
 */
async function confirmTailnet(
  lease: Pick<Lease<unknown>, 'installation' | 'fixTailnet'>,
  connector: ConnectorSettings,
  { tailnet }: AuditLogPage,
): Promise<string> {
  const { tailnetKey, tailnetId } = lease.installation;
  if (tailnetId !== null && tailnet !== null && tailnet !== tailnetId) {
    throw new ConnectorError(
      'TAILNET_CHANGED',
      `the credential now opens the tailnet "${visibleLine(tailnet, MAX_NAME)}", but this connector follows "${visibleLine(tailnetId, MAX_NAME)}"; put the right secret back, or add another connector for the new tailnet`,
    );
  }
  if (tailnetKey !== null && (tailnetId !== null || tailnet === null)) return tailnetKey;
  const key = tailnetKey ?? tailnet ?? (connector.tailnet === '-' ? connector.id : connector.tailnet);
  await lease.fixTailnet({ key, id: tailnet });
  return key;
}

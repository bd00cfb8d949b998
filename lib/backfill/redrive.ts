import pMap from 'p-map';
import type { ExpectedActivity } from '../contract/expected-activity';
import { InvalidInput } from '../contract/parse';
import type { SeverityProfile } from '../contract/settings';
import type { Clock, Deadline } from '../domain/deadline';
import { ConnectorError } from '../domain/errors';
import type { BusEvent } from '../domain/event';
import type { PublishedId } from '../domain/published-id';
import type { Quarantined } from '../domain/quarantine';
import { MAX_DETAIL_BYTES } from '../events/encode/bound';
import { encoderOf } from '../events/encode/encoders';
import { identify } from '../events/identity/identify';
import { encodeAll } from '../events/normalize';
import { publishOnExistingBus } from '../pipeline/publish';
import { claimKey } from '../pipeline/quarantine';
import type { ReadableArchive } from '../ports/archive';
import type { EventBus } from '../ports/event-bus';
import type { OpenQuarantine, QuarantineLedger } from '../ports/quarantine-ledger';
import type { Telemetry } from '../ports/telemetry';
import { parseQuarantinedEvent, type QuarantinedEvent } from './quarantined-event';

/** Entries between two looks at the clock. Each event is held in memory. */
const BATCH = 50;

/** Objects read, or ledger entries written, at once. */
const CONCURRENCY = 8;

/** Problems in the answer; the log has all of them. */
const MAX_PROBLEMS = 20;

export interface RedriveDeps {
  readonly openQuarantine: OpenQuarantine;
  readonly archive: ReadableArchive;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly newRunId: () => string;
  /** A record's JSON text as a value, in which no number has lost a digit. Throws where it is not JSON. */
  readonly parseRecord: (json: string) => unknown;
  readonly severityProfile: SeverityProfile;
  readonly expectedActivity: readonly ExpectedActivity[];
}

export interface RedriveRequest {
  readonly connector: string;
  /** Also unparsed records, which are on the bus already. */
  readonly includeUnparsed: boolean;
  /** Begins after the entry of this id; null: with the first. */
  readonly after: string | null;
}

/** What one invocation did for one connector. */
export interface RedriveReport {
  readonly connector: string;
  /** `ingest.runId` of what went out. */
  readonly runId: string;
  /** On the bus now. */
  readonly redriven: number;
  /** Rejected by EventBridge again; they stay. */
  readonly refused: number;
  /** Unparsed records, which were not requested. */
  readonly skipped: number;
  /** Could not be read from the archive; they stay. */
  readonly failed: number;
  /** Everything that waited was tried. If not, invoke again with `after`. */
  readonly done: boolean;
  readonly after: string | null;
  /** Why entries stay; the first ones only. */
  readonly problems: readonly { readonly id: string; readonly problem: string }[];
}

type Counts = Record<'redriven' | 'refused' | 'skipped' | 'failed', number>;
type Problem = RedriveReport['problems'][number];

interface Redrive extends Omit<RedriveDeps, 'openQuarantine' | 'bus'> {
  readonly request: RedriveRequest;
  readonly runId: string;
  readonly quarantine: QuarantineLedger;
  readonly publish: EventBus['publish'];
  readonly deadline: Deadline;
}

/**
 * Publishes again what EventBridge rejected: the same ids, `ingest.mode` backfill. Each event is marked as published before
 * its entry is closed, so a crash in between repeats it and never loses it. Reads and moves no watermark.
 *
 * @throws ConnectorError BUS_*, ARCHIVE_UNAVAILABLE, STATE_*.
 */
export async function redrive(
  request: RedriveRequest,
  { openQuarantine, bus, ...deps }: RedriveDeps,
  deadline: Deadline,
): Promise<RedriveReport> {
  const { connector } = request;
  const runId = deps.newRunId();
  const run: Redrive = {
    ...deps,
    request,
    runId,
    deadline,
    quarantine: openQuarantine(connector, deadline),
    publish: publishOnExistingBus(bus),
  };
  const counts: Counts = { redriven: 0, refused: 0, skipped: 0, failed: 0 };
  const problems: Problem[] = [];
  let after = request.after;
  const report = (done: boolean): RedriveReport => {
    deps.telemetry.info('redrive', { connector, runId, ...counts, done });
    return { connector, runId, ...counts, done, after: done ? null : after, problems: problems.slice(0, MAX_PROBLEMS) };
  };

  if (deadline.isNear()) return report(false);
  for await (const page of run.quarantine.waiting(after)) {
    for (let next = 0; next < page.length; next += BATCH) {
      if (deadline.isNear()) return report(false);
      const batch = page.slice(next, next + BATCH);
      const outcome = await redriveBatch(run, batch);
      counts.redriven += outcome.redriven;
      // The rest of a batch that was cut short comes again, and is counted then.
      if (!outcome.whole) return report(false);
      counts.skipped += outcome.skipped;
      counts.refused += outcome.refused;
      counts.failed += outcome.failed;
      problems.push(...outcome.problems);
      after = batch.at(-1)?.id ?? after;
    }
    if (deadline.isNear()) return report(false);
  }
  return report(true);
}

interface Outcome extends Counts {
  /** Everything in it was tried. */
  readonly whole: boolean;
  readonly problems: readonly Problem[];
}

async function redriveBatch(run: Redrive, entries: readonly Quarantined[]): Promise<Outcome> {
  const { quarantine, deadline, telemetry, request } = run;
  const wanted = entries.filter(({ reason }) => request.includeUnparsed || reason !== 'unparsed');
  const opened = await pMap(wanted, async (entry) => ({ entryId: entry.id, ...(await open(run, entry)) }), {
    concurrency: CONCURRENCY,
  });
  const unreadable = opened.flatMap(({ entryId, problem }) =>
    problem === undefined ? [] : [{ id: entryId, problem }],
  );
  const events = opened.flatMap(({ entryId, events: ofEntry = [] }) => ofEntry.map((event) => ({ ...event, entryId })));

  const { accepted, refused, unsent } =
    events.length === 0 ? { accepted: [], refused: [], unsent: [] } : await run.publish(events, deadline);
  if (accepted.length > 0) await quarantine.markPublished(accepted.map(({ publishedId }) => publishedId));
  const left = new Set([...refused.map(({ event }) => event.entryId), ...unsent.map(({ entryId }) => entryId)]);
  await pMap(
    new Set(accepted.map(({ entryId }) => entryId).filter((id) => !left.has(id))),
    (id) => quarantine.markRedriven(id),
    { concurrency: CONCURRENCY },
  );
  if (unsent.length > 0 && !deadline.isNear()) {
    throw new ConnectorError(
      'BUS_EXHAUSTED',
      `EventBridge did not accept ${unsent.length} entries after several tries; check its PutEvents quota in this region, then try again: what was published is not published twice`,
    );
  }
  const problems = [
    ...unreadable,
    ...refused.map(({ event, code }) => ({ id: event.entryId, problem: `EventBridge rejected it again: ${code}` })),
  ];
  for (const problem of problems)
    telemetry.warn('an event stays in quarantine', { connector: request.connector, ...problem });
  return {
    redriven: accepted.length,
    refused: refused.length,
    skipped: entries.length - wanted.length,
    failed: unreadable.length,
    whole: unsent.length === 0,
    problems,
  };
}

interface ReadyEvent extends BusEvent {
  readonly publishedId: PublishedId;
}

type Opened =
  | { readonly events: readonly ReadyEvent[]; readonly problem?: never }
  | { readonly events?: never; readonly problem: string };

async function open(run: Redrive, entry: Quarantined): Promise<Opened> {
  const { object, reason } = entry;
  const where = `"${object.key}" in the bucket "${object.bucket}"`;
  if (reason === 'too-large' || reason === 'unreadable') {
    const why = reason === 'too-large' ? 'too large' : 'not readable JSON';
    return { problem: `the record is ${why}; it stays in the archive as ${where}` };
  }
  const kept = await run.archive.read(object, run.deadline);
  if (kept.state !== 'intact')
    return {
      problem:
        kept.state === 'missing'
          ? `there is no object ${where}, or this function may not read it: it may have expired`
          : `the object ${where} was altered: its hash is not the ledger's; while Tailscale still has the record, a backfill of its day with force publishes it`,
    };
  try {
    const isRaw = reason === 'failed' || reason === 'died-twice';
    const events = isRaw ? await eventsOfRaw(run, kept.json) : [parseQuarantinedEvent(kept.json)];
    return { events: await Promise.all(events.map((event) => readdress(run, event))) };
  } catch (error) {
    if (error instanceof ConnectorError) throw error;
    const problem =
      error instanceof InvalidInput
        ? `${error.message}; another version of the connector wrote it`
        : `the record still cannot be processed: ${String(error).slice(0, 200)}`;
    return { problem };
  }
}

/** The events of a raw record: this version of the connector may be able to make them. */
async function eventsOfRaw(run: Redrive, json: string): Promise<QuarantinedEvent[]> {
  const installation = await run.quarantine.installation();
  if (installation?.tailnetKey == null) throw new InvalidInput('the connector', ['has not read its log yet']);
  const { tailnetKey, idKey } = installation;
  const receivedAt = run.clock.now();
  const context = {
    connector: run.request.connector,
    tailnetKey,
    mode: 'backfill',
    runId: run.runId,
    receivedAt,
    watermark: receivedAt,
    severityProfile: run.severityProfile,
    oauthClientId: null,
    expectedActivity: run.expectedActivity,
  } as const;
  const record = identify(run.parseRecord(json), { tailnetKey, idKey });
  return encodeAll(record, context, Infinity).map((event) => ({ ...event, isClaimed: false }));
}

/** The same event, under this run. What is too large for the bus goes into the archive first, as in a live run. */
async function readdress({ archive, request, runId, deadline }: Redrive, event: QuarantinedEvent): Promise<ReadyEvent> {
  const { detailType, time, detail, publishedId, isClaimed } = event;
  const encoder = encoderOf(detailType);
  const ingest = { mode: 'backfill', runId } as const;
  const isLarge = Buffer.byteLength(JSON.stringify(encoder.amend(detail, { ingest }, Infinity))) > MAX_DETAIL_BYTES;
  // Byte for byte what the live run has claimed, under the same key: its claim check stays true.
  const json = JSON.stringify(detail);
  const claimCheck =
    isLarge && !isClaimed ? await archive.put(claimKey(request.connector, event, json), json, deadline) : undefined;
  const amendment = { ingest, ...(claimCheck === undefined ? {} : { claimCheck }) };
  return { detailType, time, detail: encoder.amend(detail, amendment, MAX_DETAIL_BYTES), publishedId };
}

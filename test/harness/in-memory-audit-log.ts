import { ConnectorError } from '../../lib/domain/errors';
import type { Dialect } from '../../lib/domain/dialect';
import type { LogRecord } from '../../lib/domain/record';
import type { Millis, Window } from '../../lib/domain/time';
import type { AuditLog, AuditLogPage, OpenAuditLog, PageEnd } from '../../lib/ports/audit-log';
import type { Clock, Deadline } from '../../lib/domain/deadline';
import { NoAnswer, type Io } from './in-memory-io';
import type { InMemoryTailnet } from './in-memory-tailnet';

const LIMIT_MS = 60_000;
const SMALLEST_SLICE_MS = 1_000;

/** In a row; see lib/tailscale. */
const MAX_SLOW_ANSWERS = 2;

export interface InMemoryAuditLogDeps {
  /** Asked at every request, because a secret may open another tailnet than before. */
  readonly tailnet: () => InMemoryTailnet;
  /** Ours. */
  readonly clock: Clock;
  readonly io: Io;
  /** Told of a walk's first answer that holds records, while it is being made. */
  readonly onFirstAnswer?: (window: Window) => void;
}

type AnswerOf<Shown> = { readonly shown: Shown } & Pick<AuditLogPage, 'asOf' | 'skewMs'>;

/** The audit log of a tailnet in memory, in the dialect that it speaks. */
export function createInMemoryAuditLog({ tailnet, clock, io, onFirstAnswer }: InMemoryAuditLogDeps): OpenAuditLog {
  /** null: no answer within the time of one request. */
  async function ask<Shown>(
    about: string,
    deadline: Deadline,
    show: (tailnet: InMemoryTailnet) => Shown,
  ): Promise<AnswerOf<Shown> | null> {
    if (deadline.isNear()) throw outOfTime();
    const sentAt = clock.now();
    const limitMs = Math.min(LIMIT_MS, deadline.untilNear());
    try {
      const { shown, servedAt } = await io(
        { service: 'upstream', name: 'GET', about, writes: false, limitMs, deadline },
        () => ({ shown: show(tailnet()), servedAt: tailnet().clock.now() }),
      );
      return { shown, ...timing(sentAt, servedAt, clock.now()) };
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      if (clock.now() - sentAt >= limitMs) return null;
      throw deadline.isNear() ? outOfTime() : unreachable();
    }
  }

  const audit: AuditLog = {
    async *pages(window, cursor, deadline) {
      for (let at = cursor; ;) {
        const answer = await ask(
          `audit from ${new Date(window.from).toISOString()}${at === null ? '' : ` ${at}`}`,
          deadline,
          (server) => {
            if (at === null) onFirstAnswer?.(window);
            const page = at === null ? server.begin(window.from) : server.resume(at);
            if (page === undefined) throw cursorRefused();
            return page;
          },
        );
        if (answer === null) throw deadline.isNear() ? outOfTime() : unreachable();
        const { shown, asOf, skewMs } = answer;
        yield page(
          shown.records,
          { cursor: shown.cursor, until: null },
          { asOf, skewMs, tailnet: null, oauthClientId: null, dialect: 'audit' },
        );
        if (shown.cursor === null) return;
        at = shown.cursor;
      }
    },
  };

  const configuration: AuditLog = {
    async *pages(window, cursor, deadline) {
      let { from, lengthMs } =
        cursor === null ? { from: window.from, lengthMs: Infinity } : parseCursor(cursor, window);
      let isFirst = cursor === null;
      for (let slowAnswers = 0; ;) {
        const until = Math.min(from + lengthMs, window.until);
        const isSplittable = until - from > SMALLEST_SLICE_MS;
        const sentAt = Math.min(clock.now(), tailnet().clock.now());
        // A walk may be broken off behind an answer that never came: it is closed over no later than when it began.
        if (isFirst) onFirstAnswer?.(window);
        isFirst = false;
        const answer = await ask(
          `configuration ${new Date(from).toISOString()} to ${new Date(until).toISOString()}`,
          deadline,
          (server) => ({ ...server.between({ from, until }, isSplittable), tailnet: server.id }),
        );
        const isCut = answer === null || answer.shown.isCut;
        if (answer === null && !isSplittable) throw deadline.isNear() ? outOfTime() : unreachable();
        if (isCut) lengthMs = Math.max(SMALLEST_SLICE_MS, Math.ceil((until - from) / 2));
        else {
          lengthMs = 2 * (until - from);
          from = until;
        }
        const next = from === window.until ? null : `${from}/${lengthMs}`;
        const rest = { oauthClientId: null, dialect: 'configuration' } as const;
        if (answer === null)
          yield page([], { cursor: next, until: null }, { ...rest, asOf: sentAt, skewMs: null, tailnet: tailnet().id });
        else
          yield page(
            answer.shown.records,
            { cursor: next, until: isCut ? null : until },
            { ...rest, asOf: answer.asOf, skewMs: answer.skewMs, tailnet: answer.shown.tailnet },
          );
        if (next === null) return;
        slowAnswers = answer === null && !deadline.isNear() ? slowAnswers + 1 : 0;
        if (slowAnswers === MAX_SLOW_ANSWERS) throw unreachable();
      }
    },
  };

  const dialects: Readonly<Record<Dialect, AuditLog>> = { audit, configuration };
  return ({ dialect }, known) => dialects[dialect === 'auto' ? (known ?? tailnet().dialect) : dialect];
}

/** Records of a batch, as the adapter gives them out. */
const BATCH = 100;

function page(records: readonly unknown[], end: PageEnd, rest: Omit<AuditLogPage, 'batches' | 'end'>): AuditLogPage {
  let isRead = false;
  async function* batches(): AsyncGenerator<LogRecord[], void, void> {
    for (let next = 0; next < records.length; next += BATCH)
      yield await Promise.resolve(
        records.slice(next, next + BATCH).map((value, index) => asLogRecord(value, next + index)),
      );
    isRead = true;
  }
  return {
    ...rest,
    batches: batches(),
    end() {
      if (!isRead) throw new Error('the page was not read to its end');
      return end;
    },
  };
}

function asLogRecord(value: unknown, position: number): LogRecord {
  const raw = Buffer.from(JSON.stringify(value));
  return { kind: 'parsed', position, bytes: raw.length, value, raw };
}

/** The server cuts its date to seconds; its reading of the log may be as old as the request's arrival. */
function timing(sentAt: Millis, servedAt: Millis, answeredAt: Millis): Pick<AuditLogPage, 'asOf' | 'skewMs'> {
  const date = Math.floor(servedAt / 1000) * 1000;
  const roundTripMs = Math.max(0, answeredAt - sentAt);
  return { asOf: Math.min(sentAt, date - roundTripMs), skewMs: Math.round(date - (sentAt + answeredAt) / 2) };
}

const outOfTime = () =>
  new ConnectorError('OUT_OF_TIME', 'the time of this run was over before Tailscale had answered');

const unreachable = () => new ConnectorError('UPSTREAM_UNREACHABLE', 'Tailscale could not be reached');

const cursorRefused = () => new ConnectorError('CURSOR_REFUSED', 'the cursor is no longer taken');

/** The instant up to which the window is done, and how long the next slice is. */
function parseCursor(cursor: string, { from, until }: Window): { readonly from: Millis; readonly lengthMs: Millis } {
  const [at = NaN, lengthMs = NaN] = cursor.split('/').map(Number);
  if (!Number.isInteger(at) || at < from || at >= until || Number.isNaN(lengthMs)) throw cursorRefused();
  return { from: at, lengthMs };
}

import { ConnectorError } from '../../lib/connector/errors';
import type { AuditLog, AuditLogPage, Clock, Deadline, Dialect, Millis, OpenAuditLog, Window } from '../../lib/connector/ports';
import { NoAnswer, type Io } from './in-memory-io';
import type { InMemoryTailnet } from './in-memory-tailnet';

const LIMIT_MS = 60_000;
const SMALLEST_SLICE_MS = 1_000;

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
  async function ask<Shown>(about: string, deadline: Deadline, show: (tailnet: InMemoryTailnet) => Shown): Promise<AnswerOf<Shown>> {
    if (deadline.isNear()) throw outOfTime();
    const sentAt = clock.now();
    try {
      const { shown, servedAt } = await io({ service: 'upstream', name: 'GET', about, writes: false, limitMs: LIMIT_MS, deadline }, () => ({ shown: show(tailnet()), servedAt: tailnet().clock.now() }));
      return { shown, ...timing(sentAt, servedAt, clock.now()) };
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      throw deadline.isNear() ? outOfTime() : new ConnectorError('UPSTREAM_UNREACHABLE', 'Tailscale could not be reached');
    }
  }

  const audit: AuditLog = {
    async *pages(window, cursor, deadline) {
      for (let at = cursor; ; ) {
        const { shown, asOf, skewMs } = await ask(`audit from ${new Date(window.from).toISOString()}${at === null ? '' : ` ${at}`}`, deadline, (server) => {
          if (at === null) onFirstAnswer?.(window);
          const page = at === null ? server.begin(window.from) : server.resume(at);
          if (page === undefined) throw cursorRefused();
          return page;
        });
        yield { ...shown, until: null, asOf, skewMs, tailnet: null, oauthClientId: null, dialect: 'audit' };
        if (shown.cursor === null) return;
        at = shown.cursor;
      }
    },
  };

  const configuration: AuditLog = {
    async *pages(window, cursor, deadline) {
      const slices: Window[] = [{ from: cursor === null ? window.from : parseCursor(cursor, window), until: window.until }];
      let isFirst = cursor === null;
      for (let slice = slices.pop(); slice !== undefined; slice = slices.pop()) {
        const { from, until } = slice;
        const about = `configuration ${new Date(from).toISOString()} to ${new Date(until).toISOString()}`;
        const { shown, asOf, skewMs } = await ask(about, deadline, (server) => {
          const records = server.between({ from, until });
          if (isFirst && records !== undefined) onFirstAnswer?.(window);
          return { records, tailnet: server.id };
        });
        if (shown.records === undefined) {
          slices.push(...halves(slice));
          continue;
        }
        isFirst = false;
        const next = slices.length === 0 ? null : String(until);
        yield { records: shown.records, cursor: next, until, asOf, skewMs, tailnet: shown.tailnet, oauthClientId: null, dialect: 'configuration' };
      }
    },
  };

  const dialects: Readonly<Record<Dialect, AuditLog>> = { audit, configuration };
  return ({ dialect }, known) => dialects[dialect === 'auto' ? (known ?? tailnet().dialect) : dialect];
}

/** The server cuts its date to seconds; its reading of the log may be as old as the request's arrival. */
function timing(sentAt: Millis, servedAt: Millis, answeredAt: Millis): Pick<AuditLogPage, 'asOf' | 'skewMs'> {
  const date = Math.floor(servedAt / 1000) * 1000;
  const roundTripMs = Math.max(0, answeredAt - sentAt);
  return { asOf: Math.min(sentAt, date - roundTripMs), skewMs: Math.round(date - (sentAt + answeredAt) / 2) };
}

const outOfTime = () => new ConnectorError('OUT_OF_TIME', 'the time of this run was over before Tailscale had answered');

const cursorRefused = () => new ConnectorError('CURSOR_REFUSED', 'the cursor is no longer taken');

/** The instant up to which the window is done. */
function parseCursor(cursor: string, { from, until }: Window): Millis {
  const at = Number(cursor);
  if (!Number.isInteger(at) || at < from || at >= until) throw cursorRefused();
  return at;
}

function halves({ from, until }: Window): [Window, Window] {
  if (until - from <= SMALLEST_SLICE_MS) throw new ConnectorError('BODY_TOO_LARGE', 'the log of one second is more than one answer may have');
  const middle = Math.floor((from + until) / 2);
  return [
    { from: middle, until },
    { from, until: middle },
  ];
}

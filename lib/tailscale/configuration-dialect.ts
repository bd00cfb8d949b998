import { ConnectorError } from '../connector/errors';
import type { AuditLog, Deadline, Millis, Window } from '../connector/ports';
import type { Answer, Ask } from './ask';
import { BodyTooLarge, MAX_BODY_BYTES } from './body';
import { parseConfigurationEnvelope } from './envelope';
import { logUrl, timestamp } from './log-url';

/** Milliseconds. A second of log that is over the budget is an error, not a smaller slice. */
const SMALLEST_SLICE_MS = 1_000;

/**
 * The `configuration` dialect: the whole window in one answer. When that is over the byte budget, the window is halved as
 * `[a,m]` and `[m,b]`: both ends are inclusive to the nanosecond (seen on the live API), so halves that did not share their
 * edge would lose what lies between two milliseconds. The cursor is the instant up to which the window is done.
 */
export function createConfigurationDialect(apiUrl: URL, tailnet: string, ask: Ask): AuditLog {
  const askSlice = ({ from, until }: Window, deadline: Deadline): Promise<Answer> =>
    ask(logUrl(apiUrl, tailnet, 'logging/configuration', { start: timestamp(from), end: timestamp(until) }), deadline);

  return {
    async *pages(window, cursor, deadline) {
      const slices: Window[] = [{ from: cursor === null ? window.from : parseCursor(cursor, window), until: window.until }];
      for (let slice = slices.pop(); slice !== undefined; slice = slices.pop()) {
        const answer = await unlessTooLarge(askSlice(slice, deadline));
        if (answer === null) {
          slices.push(...halves(slice));
          continue;
        }
        const { records, tailnet: named } = parseConfigurationEnvelope(answer);
        const { asOf, skewMs, oauthClientId } = answer;
        const next = slices.length === 0 ? null : timestamp(slice.until);
        yield { records, cursor: next, until: slice.until, asOf, skewMs, tailnet: named, oauthClientId, dialect: 'configuration' };
      }
    },
  };
}

async function unlessTooLarge(asked: Promise<Answer>): Promise<Answer | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof BodyTooLarge) return null;
    throw error;
  }
}

/** The earlier half last, since slices are taken from the end. */
function halves({ from, until }: Window): [Window, Window] {
  if (until - from <= SMALLEST_SLICE_MS) {
    throw new ConnectorError(
      'BODY_TOO_LARGE',
      `the log of the second from ${timestamp(from)} is over ${MAX_BODY_BYTES} bytes, which is more than one answer may have; the connector does not go past it`,
    );
  }
  const middle = Math.floor((from + until) / 2);
  return [
    { from: middle, until },
    { from, until: middle },
  ];
}

function parseCursor(cursor: string, { from, until }: Window): Millis {
  const at = Date.parse(cursor);
  if (Number.isNaN(at) || timestamp(at) !== cursor || at < from || at >= until) {
    throw new ConnectorError('CURSOR_REFUSED', 'the kept cursor is no instant of this window; the window is read again from the start');
  }
  return at;
}

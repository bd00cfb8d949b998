import { ConnectorError, type ErrorCode } from '../../../lib/domain/errors';
import { MINUTE, HOUR, DAY, type Millis } from '../../../lib/domain/time';
import type { BusEvent } from '../../../lib/domain/event';
import type { Call } from '../../harness/in-memory-io';
import type { Random } from './random';

/** What can strike one request of a run. Closed: the runner fails when one of these never fires. */
export const STRIKES = [
  'crash before a request',
  'crash after a request',
  'killed at a record',
  'frozen before a request',
  'frozen after a request',
  'request lost',
  'answer lost',
  'answer lost, sent again',
  'slow answer',
  'entries throttled',
  'entry refused',
  'all entries throttled',
  'object refused',
  'cursor expired',
  'rate limited',
  'server error',
  'forbidden',
  'answer unreadable',
  'upstream hangs',
  'clock set forward',
  'clock set back',
  'rewind',
  'state deleted',
  'second run',
  'second run with a fast clock',
] as const;
export type StrikeName = (typeof STRIKES)[number];

/** What can lie over several ticks. */
export const SPELLS = [
  'bus missing',
  'bus denied',
  'bus down',
  'archive down',
  'table down',
  'upstream down',
  'forbidden for a while',
  'rate limited for a while',
  'another tailnet',
  'fast clock',
  'slow clock',
  'little time',
  'upstream slow',
  'upstream hanging',
  'killed every time',
  'rate limited for hours',
  'forbidden for hours',
] as const;
export type SpellName = (typeof SPELLS)[number];

/** Spells that lie over a whole phase, which is longer then: hours. */
export const isLasting = (spell: SpellName) => LASTING.includes(spell);
const LASTING: readonly SpellName[] = ['archive down', 'rate limited for hours', 'forbidden for hours'];

/** Stretches without a tick. */
export const OUTAGES = ['outage of hours', 'outage of days', 'outage beyond the retention'] as const;
export type OutageName = (typeof OUTAGES)[number];

/** What an operator does between two ticks. */
const TURNS = ['dialect switched'] as const;

export const FAULTS = [...STRIKES, ...SPELLS, ...OUTAGES, ...TURNS] as const;
export type FaultName = (typeof FAULTS)[number];

export interface Strike {
  readonly name: StrikeName;
  /** Requests that it could strike and lets pass. */
  readonly skip: number;
}

/** How a request fares. */
export interface Fate {
  readonly fault?: FaultName;
  /** Milliseconds until the service applies it. */
  readonly thereMs: Millis;
  /** Milliseconds until the answer is back. */
  readonly backMs: Millis;
  /** The process ends, without a trace. */
  readonly crash?: 'before' | 'after';
  /** The process is frozen for this long, and then continues. */
  readonly freeze?: { readonly when: 'before' | 'after'; readonly forMs: Millis };
  readonly lost?: 'request' | 'answer';
  /** The client sends it again, because the first answer was lost. */
  readonly twice?: boolean;
  /** What the service says instead of doing it. */
  readonly answer?: ConnectorError;
  /** Why the bus rejects an entry. */
  readonly refuse?: (event: BusEvent) => string | undefined;
  /** What else happens in the system the moment the request arrives. */
  readonly meanwhile?: Meanwhile;
}

export type Meanwhile =
  | { readonly kind: 'clock'; readonly byMs: Millis }
  | { readonly kind: 'rewind'; readonly byMs: Millis }
  | { readonly kind: 'lose state' }
  | { readonly kind: 'second run'; readonly skewMs: Millis };

/** Milliseconds that a clock may be off by. More than 5 minutes is an alarm; beyond 10 no promise is made. */
export const MAX_SKEW_MS = 10 * MINUTE;

/** Milliseconds to a service, and the same back, when all is well. */
const USUAL_MS: Readonly<Record<Call['service'], readonly [Millis, Millis]>> = {
  state: [3, 15],
  bus: [10, 60],
  archive: [20, 120],
  upstream: [60, 900],
};

const isPublish = ({ service, name }: Call) => service === 'bus' && name === 'publish';

/** Whether a strike means anything to a request. */
export function fits(name: StrikeName, call: Call): boolean {
  switch (name) {
    case 'answer lost':
    case 'answer lost, sent again':
      return call.writes;
    case 'entries throttled':
    case 'entry refused':
    case 'all entries throttled':
      return isPublish(call);
    case 'killed at a record':
      return call.name === 'NOTE';
    case 'object refused':
      return call.service === 'archive';
    case 'cursor expired':
      return call.service === 'upstream' && call.about?.includes('cursor-') === true;
    case 'rate limited':
    case 'server error':
    case 'forbidden':
    case 'answer unreadable':
    case 'upstream hangs':
      return call.service === 'upstream';
    default:
      return true;
  }
}

/** Whether a strike waits for a request of its kind, whichever run makes it. */
export const isPatient = (name: StrikeName) => PATIENT.includes(name);
const PATIENT: readonly StrikeName[] = [
  'killed at a record',
  'entries throttled',
  'entry refused',
  'all entries throttled',
  'object refused',
  'cursor expired',
];

const simulated = (code: ErrorCode, retryAfterMs?: Millis) =>
  new ConnectorError(code, `simulated: ${code}`, retryAfterMs === undefined ? {} : { retryAfterMs });

/** A request that nothing happens to. */
export function usualFate({ service }: Call, random: Random): Fate {
  const [least, most] = USUAL_MS[service];
  return { thereMs: random.int(least, most), backMs: random.int(least, most) };
}

/** What a strike does to a request. */
export function struckFate(name: StrikeName, call: Call, random: Random): Fate {
  const fate = { ...usualFate(call, random), fault: name };
  switch (name) {
    case 'crash before a request':
      return { ...fate, crash: 'before' };
    case 'crash after a request':
      // A unit is several requests: some of them may have gone out.
      return isPublish(call) && random.chance(0.5)
        ? { ...fate, crash: 'after', refuse: () => (random.chance(0.4) ? 'ThrottlingException' : undefined) }
        : { ...fate, crash: 'after' };
    case 'killed at a record':
      return { ...fate, crash: 'after' };
    case 'frozen before a request':
    case 'frozen after a request':
      return {
        ...fate,
        freeze: {
          when: name === 'frozen before a request' ? 'before' : 'after',
          forMs: random.chance(0.7) ? random.int(3 * MINUTE, 20 * MINUTE) : random.int(20 * MINUTE, 8 * HOUR),
        },
      };
    case 'request lost':
      return { ...fate, lost: 'request', backMs: random.int(0, 30_000) };
    case 'answer lost':
      return { ...fate, lost: 'answer', backMs: random.int(0, 30_000) };
    case 'answer lost, sent again':
      return { ...fate, twice: true, backMs: random.int(0, 5_000) };
    case 'slow answer':
      return random.chance(0.5)
        ? { ...fate, thereMs: random.int(5_000, 80_000) }
        : { ...fate, backMs: random.int(5_000, 80_000) };
    case 'entries throttled': {
      const some = random.int(2, 4);
      let entry = random.int(0, 3);
      return { ...fate, refuse: () => ((entry += 1) % some === 0 ? 'ThrottlingException' : undefined) };
    }
    case 'entry refused': {
      let before = random.int(0, 4);
      return { ...fate, refuse: () => (before-- === 0 ? 'MalformedDetail' : undefined) };
    }
    case 'all entries throttled':
      return { ...fate, refuse: () => 'ThrottlingException' };
    case 'object refused':
      return { ...fate, answer: simulated('ARCHIVE_UNAVAILABLE') };
    case 'cursor expired':
      return { ...fate, answer: simulated('CURSOR_REFUSED') };
    case 'rate limited':
      return { ...fate, answer: simulated('RATE_LIMITED', random.int(MINUTE, 15 * MINUTE)) };
    case 'server error':
      return { ...fate, backMs: random.int(1_000, 40_000), answer: simulated('UPSTREAM_ERROR') };
    case 'forbidden':
      return { ...fate, answer: simulated('FORBIDDEN') };
    case 'answer unreadable':
      return { ...fate, answer: simulated('UPSTREAM_INVALID') };
    case 'upstream hangs':
      return { ...fate, lost: 'request', backMs: Infinity };
    case 'clock set forward':
      return { ...fate, meanwhile: { kind: 'clock', byMs: random.int(1_000, MAX_SKEW_MS) } };
    case 'clock set back':
      return { ...fate, meanwhile: { kind: 'clock', byMs: -random.int(1_000, MAX_SKEW_MS) } };
    case 'rewind':
      return {
        ...fate,
        meanwhile: {
          kind: 'rewind',
          byMs: random.chance(0.5) ? random.int(MINUTE, 6 * HOUR) : random.int(6 * HOUR, 8 * DAY),
        },
      };
    case 'state deleted':
      return { ...fate, meanwhile: { kind: 'lose state' } };
    case 'second run':
      return { ...fate, meanwhile: { kind: 'second run', skewMs: 0 } };
    case 'second run with a fast clock':
      return { ...fate, meanwhile: { kind: 'second run', skewMs: MAX_SKEW_MS } };
  }
}

/** What the weather does to a request; undefined: nothing. */
export function fateUnder(spell: SpellName, call: Call, random: Random): Fate | undefined {
  const fate = { ...usualFate(call, random), fault: spell };
  const { service } = call;
  switch (spell) {
    case 'bus denied':
      return service === 'bus' ? { ...fate, answer: simulated('BUS_DENIED') } : undefined;
    case 'bus down':
      return service === 'bus' ? { ...fate, lost: 'request', backMs: random.int(1_000, 20_000) } : undefined;
    case 'archive down':
      return service === 'archive' ? { ...fate, lost: 'request' } : undefined;
    case 'table down':
      return service === 'state' && random.chance(0.3)
        ? { ...fate, lost: random.chance(0.7) ? 'request' : 'answer' }
        : undefined;
    case 'upstream down':
      return service === 'upstream' && random.chance(0.8)
        ? { ...fate, answer: simulated('UPSTREAM_UNREACHABLE'), backMs: random.int(1_000, 60_000) }
        : undefined;
    case 'forbidden for a while':
    case 'forbidden for hours':
      return service === 'upstream' ? { ...fate, answer: simulated('FORBIDDEN') } : undefined;
    case 'rate limited for a while':
      return service === 'upstream' && random.chance(0.6)
        ? { ...fate, answer: simulated('RATE_LIMITED', random.int(MINUTE, 15 * MINUTE)) }
        : undefined;
    case 'rate limited for hours':
      return service === 'upstream'
        ? { ...fate, answer: simulated('RATE_LIMITED', random.int(MINUTE, 15 * MINUTE)) }
        : undefined;
    case 'upstream slow':
      return service === 'upstream' ? { ...fate, backMs: random.int(10_000, 58_000) } : undefined;
    case 'upstream hanging':
      return service === 'upstream' && random.chance(0.9) ? { ...fate, lost: 'request', backMs: Infinity } : undefined;
    case 'killed every time':
    case 'bus missing':
    case 'another tailnet':
    case 'fast clock':
    case 'slow clock':
    case 'little time':
      return undefined;
  }
}

import { parseInstant, wallClock } from './instant';

/** RFC 3339, or what Go prints: `2026-07-27 12:15:48.688963096 +0000 UTC`. */
const TIME = /^(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d| [+-]\d{4} [A-Z]{3,5})$/;

const NO_TIME = parseInstant('0001-01-01T00:00:00Z') ?? 0n;
const LAST = parseInstant('9999-12-31T23:59:59.999999999Z') ?? 0n;

/**
 * A copy of a value in which every string that is a time is moved by `shift` nanoseconds. Form, offset and the number of
 * digits stay; a shift finer than the text's last digit adds digits. The zero time stays what it is, and so does
 * what would leave the years 1 to 9999.
 */
export function withMovedTimes(value: unknown, shift: bigint): unknown {
  if (typeof value === 'string') return movedTime(value, shift);
  if (Array.isArray(value)) return value.map((element: unknown) => withMovedTimes(element, shift));
  // Only plain objects: numbers that were parsed losslessly are objects too.
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, element]) => [key, withMovedTimes(element, shift)]));
}

/** Go's zero time, which means "no time". */
export function isNoTime(instant: bigint): boolean {
  return instant === NO_TIME;
}

/** A text that is not a time is returned unchanged. */
function movedTime(text: string, shift: bigint): string {
  const [match, date = '', between = '', clock = '', fraction = '', zone = ''] = TIME.exec(text) ?? [];
  if (match === undefined) return text;
  const offset = zone === 'Z' ? 'Z' : zone.trim().replace(/^(...):?(..).*$/, '$1:$2');
  const wallText = `${date}T${clock}${fraction === '' ? '' : `.${fraction}`}`;
  const instant = parseInstant(`${wallText}${offset}`);
  const wall = parseInstant(`${wallText}Z`);
  if (instant === null || wall === null || isNoTime(instant)) return text;
  if (wall + shift <= NO_TIME || wall + shift > LAST) return text;
  return `${wallClock(wall + shift, between, fraction.length)}${zone}`;
}

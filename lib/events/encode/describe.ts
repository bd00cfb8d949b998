import type { DomainEvent } from '../../domain/event';

/** Characters of a title. */
export const MAX_TITLE = 200;
/** Characters of a description. */
export const MAX_DESCRIPTION = 400;
/** Characters of one name inside a description. */
const MAX_PART = 120;

/** Control characters, line ends and direction marks. Names in an event are user input. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu;

/** A text on one line, of at most `max` characters. */
export function oneLine(text: string, max: number): string {
  // Cut first: the text may be 16 MB long.
  const line = text
    .slice(0, max * 2)
    .replaceAll(UNPRINTABLE, ' ')
    .trim();
  return line.length <= max ? line : `${wholeCharacters(line.slice(0, max - 1))}…`;
}

/** Without half a surrogate pair at the end. */
export function wholeCharacters(text: string): string {
  return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}

/** Who did what to what: `alice@example.com: Policy file changed (example.com)`. */
export function describe(
  what: string,
  { actor, target, error }: Pick<DomainEvent, 'actor' | 'target' | 'error'>,
): string {
  const who = firstFilled(actor.loginName, actor.displayName, actor.id) ?? 'Someone';
  const object = firstFilled(target.name, target.id);
  const text = [
    `${part(who)}: ${what}`,
    ...(object === undefined ? [] : [`(${part(object)})`]),
    ...(error === null ? [] : [`failed: ${part(error)}`]),
  ].join(' ');
  return oneLine(text, MAX_DESCRIPTION);
}

function part(text: string): string {
  return oneLine(text, MAX_PART);
}

function firstFilled(...texts: readonly (string | null)[]): string | undefined {
  return texts.find((text): text is string => text !== null && text.trim() !== '');
}

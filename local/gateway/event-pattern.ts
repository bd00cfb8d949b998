import { InvalidEventPattern, isLeaf, onlyEntry, parseValueMatch } from './value-match';
import type { Leaf, LeafTest } from './value-match';
import { isJsonObject } from '../../lib/domain/json';

/** Says whether an event matches. */
export type Matcher = (event: unknown) => boolean;

/**
 * Compares one part of a pattern with one part of an event (undefined: the event has no such part). The whole event
 * comes along, because what must not be there must not be anywhere in it.
 */
type PartMatcher = (part: unknown, event: unknown) => boolean;

type Path = readonly string[];

/**
 * Reads an event pattern, as EventBridge rules have them: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 *
 * A name matches when any of its alternatives does, and a pattern when all of its names do. An array in an event
 * matches by any of its elements; names below an array of objects must match within one element.
 *
 * @throws InvalidEventPattern
 */
export function parseEventPattern(pattern: unknown): Matcher {
  if (!isJsonObject(pattern)) throw new InvalidEventPattern('Filter is not an object');
  const matches = parseNames(pattern, []);
  return (event) => matches(event, event);
}

function parseNames(pattern: object, path: Path): PartMatcher {
  const entries: [string, unknown][] = Object.entries(pattern);
  if (entries.length === 0) throw new InvalidEventPattern('Empty patterns are not allowed');
  const conditions = entries.map(([name, rule]) =>
    name === '$or' && isAlternatives(rule) ? parseOr(rule, path) : parseName(name, rule, path),
  );
  return (part, event) => {
    const candidates = elements(part).filter(isJsonObject);
    return (candidates.length === 0 ? [{}] : candidates).some((candidate) =>
      conditions.every((condition) => condition(candidate, event)),
    );
  };
}

function parseName(name: string, rule: unknown, above: Path): PartMatcher {
  const path = [...above, name];
  if (!Array.isArray(rule) && !isJsonObject(rule))
    throw new InvalidEventPattern(`"${name}" must be an object or an array`);
  const matches = Array.isArray(rule) ? parseAlternatives(rule, path) : parseNames(rule, path);
  return (part, event) => matches(valueOf(part, name), event);
}

/** The array at the end of a path: values and comparisons, one of which must match. */
function parseAlternatives(rule: readonly unknown[], path: Path): PartMatcher {
  if (rule.length === 0) throw new InvalidEventPattern('Empty arrays are not allowed');
  const alternatives = rule.map((expected) => parseExists(expected) ?? parseValueMatch(expected));
  const tests = alternatives.filter((alternative) => alternative !== 'absent');
  const mayBeAbsent = tests.length < alternatives.length;
  return (part, event) =>
    leaves(part).some((leaf) => tests.some((test) => test(leaf))) ||
    (mayBeAbsent && leavesAt(event, path).length === 0);
}

/** @returns undefined when this is another comparison. */
function parseExists(expected: unknown): LeafTest | 'absent' | undefined {
  if (!isJsonObject(expected) || !('exists' in expected)) return undefined;
  const [, wanted] = onlyEntry(expected);
  if (typeof wanted !== 'boolean') throw new InvalidEventPattern('exists match pattern must be either true or false.');
  return wanted ? () => true : 'absent';
}

function parseOr(alternatives: readonly object[], path: Path): PartMatcher {
  const matchers = alternatives.map((alternative) => parseNames(alternative, path));
  return (part, event) => matchers.some((matches) => matches(part, event));
}

const COMPARISONS = new Set([
  'exists',
  'anything-but',
  'numeric',
  'cidr',
  'prefix',
  'suffix',
  'equals-ignore-case',
  'wildcard',
]);

/** With fewer than two objects, or with one that names a comparison, `$or` is a name like any other. */
function isAlternatives(rule: unknown): rule is object[] {
  return (
    Array.isArray(rule) &&
    rule.length >= 2 &&
    rule.every((one) => isJsonObject(one) && !Object.keys(one).some((name) => COMPARISONS.has(name)))
  );
}

function leavesAt(part: unknown, path: Path): Leaf[] {
  const [name, ...rest] = path;
  if (name === undefined) return leaves(part);
  return elements(part).flatMap((element) => leavesAt(valueOf(element, name), rest));
}

function leaves(part: unknown): Leaf[] {
  return elements(part).filter(isLeaf);
}

function elements(part: unknown): unknown[] {
  return Array.isArray(part) ? part.flat(Infinity) : [part];
}

function valueOf(part: unknown, name: string): unknown {
  return isJsonObject(part) && Object.hasOwn(part, name)
    ? Object.getOwnPropertyDescriptor(part, name)?.value
    : undefined;
}

import { BlockList, isIP } from 'node:net';
import { InvalidEventPattern } from './invalid-event-pattern';

/** What a pattern is held against: arrays and objects are taken apart first. */
export type Leaf = string | number | boolean | null;

/** Says whether one value of an event matches. */
export type LeafTest = (leaf: Leaf) => boolean;

/**
 * Reads one element of a pattern's array other than `exists`: a plain value, or an object with one comparison.
 *
 * @throws InvalidEventPattern
 */
export function parseValueMatch(expected: unknown): LeafTest {
  if (isLeaf(expected)) return (leaf) => leaf === expected;
  const [comparison, operand] = onlyEntry(expected);
  switch (comparison) {
    case 'anything-but':
      return parseAnythingBut(operand);
    case 'numeric':
      return parseNumeric(operand);
    case 'cidr':
      return parseCidr(text(comparison, operand));
    default:
      return parseTextComparison(comparison, operand);
  }
}

/** The name and operand of a comparison such as `{ "prefix": "a" }`. */
export function onlyEntry(expression: unknown): [name: string, operand: unknown] {
  const entries: [string, unknown][] =
    typeof expression === 'object' && expression !== null && !Array.isArray(expression)
      ? Object.entries(expression)
      : [];
  const [first, second] = entries;
  if (first === undefined || second !== undefined)
    throw new InvalidEventPattern(
      'Match value must be String, number, true, false, or null, or an object with one comparison',
    );
  return first;
}

export function isLeaf(value: unknown): value is Leaf {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function parseTextComparison(comparison: string, operand: unknown): LeafTest {
  switch (comparison) {
    case 'prefix':
      return foldable(comparison, operand, (value, start) => value.startsWith(start));
    case 'suffix':
      return foldable(comparison, operand, (value, end) => value.endsWith(end));
    case 'equals-ignore-case':
      return ignoringCase(text(comparison, operand), (value, wanted) => value === wanted);
    case 'wildcard':
      return parseWildcard(text(comparison, operand));
    default:
      throw new InvalidEventPattern(`Unrecognized match type ${comparison}`);
  }
}

/** `prefix` and `suffix` take a string, or `{ "equals-ignore-case": string }`. */
function foldable(comparison: string, operand: unknown, compare: (value: string, wanted: string) => boolean): LeafTest {
  if (typeof operand === 'string') return (leaf) => typeof leaf === 'string' && compare(leaf, operand);
  const [inner, wanted] = onlyEntry(operand);
  if (inner !== 'equals-ignore-case') throw new InvalidEventPattern(`Unsupported ${comparison} pattern: ${inner}`);
  return ignoringCase(text(inner, wanted), compare);
}

function ignoringCase(wanted: string, compare: (value: string, wanted: string) => boolean): LeafTest {
  const folded = wanted.toLowerCase();
  return (leaf) => typeof leaf === 'string' && compare(leaf.toLowerCase(), folded);
}

/** Values (all strings or all numbers), or one text comparison with one or several strings. */
function parseAnythingBut(operand: unknown): LeafTest {
  if (typeof operand === 'string' || typeof operand === 'number' || Array.isArray(operand)) {
    const refused = list(operand);
    const kinds = new Set(refused.map((value) => typeof value));
    if (kinds.size !== 1 || !(kinds.has('string') || kinds.has('number')))
      throw new InvalidEventPattern('Inside anything-but list, either all values are number or all are string');
    return (leaf) => !refused.includes(leaf);
  }
  const [comparison, texts] = onlyEntry(operand);
  const tests = list(texts).map((one) => {
    if (one === '') throw new InvalidEventPattern(`Null ${comparison} not allowed inside anything-but`);
    return parseTextComparison(comparison, text(comparison, one));
  });
  return (leaf) => !tests.some((test) => test(leaf));
}

/** Numbers a comparison may name, to both sides of zero. */
const NUMERIC_BOUND = 5e9;

/** `[op, number]`, or a range: `[">" or ">=", number, "<" or "<=", number]`. */
function parseNumeric(operand: unknown): LeafTest {
  if (!Array.isArray(operand)) throw new InvalidEventPattern('Value of numeric must be an array.');
  const parts: unknown[] = operand;
  const [operator, first, upper, second, ...more] = parts;
  const test = parseBound(operator, first);
  if (parts.length <= 2) return test;
  if (more.length > 0 || !LOWER.has(operator) || !UPPER.has(upper))
    throw new InvalidEventPattern('Too many elements in numeric expression');
  const below = parseBound(upper, second);
  if (Number(first) >= Number(second)) throw new InvalidEventPattern('Bottom must be less than top');
  return (leaf) => test(leaf) && below(leaf);
}

function parseBound(operator: unknown, bound: unknown): LeafTest {
  const compare = NUMERIC.get(operator);
  if (compare === undefined) throw new InvalidEventPattern(`Unrecognized numeric range operator: ${String(operator)}`);
  if (typeof bound !== 'number' || Math.abs(bound) > NUMERIC_BOUND)
    throw new InvalidEventPattern(`Value of ${String(operator)} must be numeric and between -5.0e9 and 5.0e9`);
  return (leaf) => typeof leaf === 'number' && compare(leaf, bound);
}

const LOWER = new Set<unknown>(['>', '>=']);
const UPPER = new Set<unknown>(['<', '<=']);

const NUMERIC = new Map<unknown, (value: number, bound: number) => boolean>([
  ['=', (value, bound) => value === bound],
  ['<', (value, bound) => value < bound],
  ['<=', (value, bound) => value <= bound],
  ['>', (value, bound) => value > bound],
  ['>=', (value, bound) => value >= bound],
]);

function parseCidr(cidr: string): LeafTest {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(cidr) ?? [];
  const version = isIP(address);
  if (version === 0 || Number(bits) > (version === 4 ? 32 : 128))
    throw new InvalidEventPattern(`Malformed CIDR: ${cidr}`);
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const range = new BlockList();
  range.addSubnet(address, Number(bits), family);
  return (leaf) => typeof leaf === 'string' && isIP(leaf) === version && range.check(leaf, family);
}

/** `*` is any number of characters; `\*` and `\\` are the characters themselves. */
function parseWildcard(wildcard: string): LeafTest {
  if (/^(?:\\.|[^\\])*?\*\*/s.test(wildcard)) throw new InvalidEventPattern('Consecutive wildcard characters');
  const tokens = wildcard.match(/\\?[^]/gu) ?? [];
  const source = tokens.map((token) => {
    if (token === '*') return '[^]*';
    if (token.startsWith('\\') && token !== '\\*' && token !== '\\\\')
      throw new InvalidEventPattern('Invalid escape character');
    return token.replace(/^\\(?=.)/s, '').replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  });
  const expression = new RegExp(`^${source.join('')}$`, 'u');
  return (leaf) => typeof leaf === 'string' && expression.test(leaf);
}

function text(comparison: string, operand: unknown): string {
  if (typeof operand !== 'string') throw new InvalidEventPattern(`${comparison} match pattern must be a string`);
  return operand;
}

function list(operand: unknown): unknown[] {
  return Array.isArray(operand) ? operand : [operand];
}

import { without } from '../parse/collections';

/** One posture: all its conditions must hold. */
export type Conditions = readonly string[];

/** Maximum comparisons of two conditions; above it only equal conditions match. Real postures have a handful. */
const MAX_COMPARISONS = 400;

/** Whether every device that meets `conditions` also meets `other`. */
export function implies(conditions: Conditions, other: Conditions): boolean {
  return unmet(conditions, other).length === 0;
}

/** The conditions of `other` that `conditions` do not imply. */
export function unmet(conditions: Conditions, other: Conditions): readonly string[] {
  const unequal = without(other, conditions);
  if (unequal.length * conditions.length > MAX_COMPARISONS) return unequal;
  return unequal.filter((wanted) => !conditions.some((given) => isStricter(parse(given), parse(wanted))));
}

interface Condition {
  readonly attribute: string;
  readonly operator: string;
  readonly value: string;
}

function parse(text: string): Condition {
  const [, attribute = text, operator = '', value = ''] = /^(\S+) (NOT IN|IN|==|!=|<=|>=|<|>) (.*)$/.exec(text) ?? [];
  return { attribute, operator, value };
}

/** Whether `given` implies `wanted`. Known only for the same attribute with a version, a list or a value. */
function isStricter(given: Condition, wanted: Condition): boolean {
  if (given.attribute !== wanted.attribute || given.operator === '') return false;
  const order = compareVersions(given.value, wanted.value);
  const [allowed, excluded] = [listOf(given, ['IN', '==']), listOf(given, ['NOT IN', '!='])];
  const [mayBe, mayNotBe] = [listOf(wanted, ['IN', '==']), listOf(wanted, ['NOT IN', '!='])];
  if (allowed !== undefined && mayBe !== undefined) return without(allowed, mayBe).length === 0;
  if (allowed !== undefined && mayNotBe !== undefined) return without(allowed, mayNotBe).length === allowed.length;
  if (excluded !== undefined && mayNotBe !== undefined) return without(mayNotBe, excluded).length === 0;
  if (order === undefined) return false;
  const least = ['>', '>=', '=='].includes(given.operator);
  const most = ['<', '<=', '=='].includes(given.operator);
  if (wanted.operator === '>=') return least && order >= 0;
  if (wanted.operator === '>') return least && (order > 0 || (order === 0 && given.operator === '>'));
  if (wanted.operator === '<=') return most && order <= 0;
  if (wanted.operator === '<') return most && (order < 0 || (order === 0 && given.operator === '<'));
  return false;
}

function listOf({ operator, value }: Condition, operators: readonly string[]): readonly string[] | undefined {
  if (!operators.includes(operator)) return undefined;
  return operator.endsWith('IN')
    ? value
        .replace(/^\[|\]$/g, '')
        .split(',')
        .map(unquote)
    : [unquote(value)];
}

/** In lower case: no two values of an attribute differ by case alone. */
function unquote(text: string): string {
  return text
    .trim()
    .replace(/^(['"])(.*)\1$/, '$2')
    .toLowerCase();
}

/** Negative, 0 or positive; undefined when either text is not a version. */
function compareVersions(left: string, right: string): number | undefined {
  const [a, b] = [unquote(left), unquote(right)].map((text) =>
    /^\d+(\.\d+)*$/.test(text) ? text.split('.').map(Number) : undefined,
  );
  if (a === undefined || b === undefined) return undefined;
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether `now` admits no device that `before` refused. null requires no posture; the postures of a list are alternatives. */
export function isAsStrict(now: readonly Conditions[] | null, before: readonly Conditions[] | null): boolean {
  if (before === null) return true;
  return now?.every((posture) => before.some((known) => implies(posture, known))) ?? false;
}

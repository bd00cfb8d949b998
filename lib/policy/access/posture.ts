/** One posture: all its conditions must hold. */
export type Conditions = readonly string[];

/**
 * Posture conditions in one spelling, without needless blanks and with operators in upper case. `a && b` is two conditions, since those of one
 * posture are joined by AND anyway.
 */
export function canonicalCondition(text: string): readonly string[] {
  return text
    .split('&&')
    .map((part) => part.trim().replaceAll(/\s+/g, ' '))
    .map((part) =>
      part.replace(
        /^(\S+) (is not set|is set|not in|in)\b/i,
        (_, attribute: string, operator: string) => `${attribute} ${operator.toUpperCase()}`,
      ),
    )
    .map((part) => part.replace(/^([^\s=!<>]+) ?(==|!=|<=|>=|<|>) ?/, '$1 $2 '))
    .filter((part) => part !== '');
}

/** Comparisons of two conditions; with more, only equal ones are seen. Real postures have a handful. */
const MAX_COMPARISONS = 400;

/** Whether whoever meets `conditions` also meets `other`. */
export function implies(conditions: Conditions, other: Conditions): boolean {
  return unmet(conditions, other).length === 0;
}

/** Those of `other` that need not hold where `conditions` hold. */
export function unmet(conditions: Conditions, other: Conditions): readonly string[] {
  const known = new Set(conditions);
  const unequal = other.filter((wanted) => !known.has(wanted));
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

/** Only where it can be told: the same attribute, and a version, a list or a value that narrows. */
function isStricter(given: Condition, wanted: Condition): boolean {
  if (given.attribute !== wanted.attribute || given.operator === '') return false;
  const order = compareVersions(given.value, wanted.value);
  const [allowed, excluded] = [listOf(given, ['IN', '==']), listOf(given, ['NOT IN', '!='])];
  const [mayBe, mayNotBe] = [listOf(wanted, ['IN', '==']), listOf(wanted, ['NOT IN', '!='])];
  if (allowed !== undefined && mayBe !== undefined) return isWithin(allowed, mayBe);
  if (allowed !== undefined && mayNotBe !== undefined) return isApart(allowed, mayNotBe);
  if (excluded !== undefined && mayNotBe !== undefined) return isWithin(mayNotBe, excluded);
  if (order === undefined) return false;
  const least = ['>', '>=', '=='].includes(given.operator);
  const most = ['<', '<=', '=='].includes(given.operator);
  if (wanted.operator === '>=') return least && order >= 0;
  if (wanted.operator === '>') return least && (order > 0 || (order === 0 && given.operator === '>'));
  if (wanted.operator === '<=') return most && order <= 0;
  if (wanted.operator === '<') return most && (order < 0 || (order === 0 && given.operator === '<'));
  return false;
}

function isWithin(values: readonly string[], others: readonly string[]): boolean {
  const known = new Set(others);
  return values.every((value) => known.has(value));
}

function isApart(values: readonly string[], others: readonly string[]): boolean {
  const known = new Set(others);
  return !values.some((value) => known.has(value));
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

/** Without regard to case: no two values of an attribute differ by it alone. */
function unquote(text: string): string {
  return text
    .trim()
    .replace(/^(['"])(.*)\1$/, '$2')
    .toLowerCase();
}

/** Numbers between dots compare as numbers; undefined when either is no version. */
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

/** Whether the gate `now` lets no device in that `before` kept out. null is no gate; the postures of a list are alternatives. */
export function isAsStrict(now: readonly Conditions[] | null, before: readonly Conditions[] | null): boolean {
  if (before === null) return true;
  return now?.every((posture) => before.some((known) => implies(posture, known))) ?? false;
}

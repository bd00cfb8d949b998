import { pairsToCheck, type AccessIndex } from './access';
import type { Budget } from './budget';
import { isObject } from '../parse/canonical';
import type { Json } from '../parse/hujson';
import { memoizeByObject } from '../parse/collections';
import type { AccessRule } from '../parse/model';
import type { Leaf } from './selector';
import type { Comparison } from './side';

/** A value of an application capability that the other side did not give. */
export interface CapabilityGain {
  readonly rule: AccessRule;
  /** As in `Gain`. */
  readonly cause: 'rule' | 'alias';
  readonly src: string;
  readonly host: string;
  readonly capability: string;
  /** New values that give power over others: `admin=true`, `system:masters`, `access=rw`. */
  readonly privileges: readonly string[];
}

/** Ends early when the budget is spent. */
export function* capabilityGains(comparison: Comparison, before: AccessIndex): Generator<CapabilityGain> {
  for (const rule of comparison.to.model.rules) {
    if (rule.app.size === 0) continue;
    const cause = comparison.isSameRule(rule, 'access') ? 'alias' : 'rule';
    for (const { src, host, sources, hosts } of pairsToCheck(comparison, rule, before)) {
      for (const [capability, values] of rule.app) {
        if (comparison.budget.isSpent()) return;
        const known = knownValues(sources, hosts, before, capability, comparison.budget);
        if (!known.some((old) => values.some((value) => !isCovered(old, value, comparison.budget)))) continue;
        if (comparison.budget.isSpent()) return;
        const everyone = known.map((old) => new Set(old.flatMap((value) => privilegesIn(value))));
        const privileges = values
          .flatMap((value) => privilegesIn(value))
          .filter((privilege) => everyone.some((had) => !had.has(privilege)));
        yield { rule, cause, src, host, capability, privileges: [...new Set(privileges)] };
      }
    }
  }
}

const READ_WRITE: ReadonlySet<string> = new Set(['rw', 'readwrite', 'read-write', 'write']);
const READ_ONLY: ReadonlySet<string> = new Set(['ro', 'readonly', 'read-only', 'read']);
const POWERFUL_VALUE =
  /^(?:\*|system:masters|rw|read-?write|write|(?:.*[-_:.])?(?:admins?|administrators?|root|owners?|superusers?|masters|edit|editors?|sudo)(?:[-_:.].*)?)$/i;
const POWERFUL_KEY = /admin|root|owner|superuser|sudo|write|edit|manage/i;
/** Fields that guard sessions; they grant nothing. */
const GUARDS: ReadonlySet<string> = new Set(['recorder', 'enforceRecorder']);

function privilegesIn(value: Json, key = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item: Json) => privilegesIn(item, key));
  if (isObject(value))
    return Object.entries(value).flatMap(([name, member]) => (GUARDS.has(name) ? [] : privilegesIn(member, name)));
  const isPowerful =
    typeof value === 'string'
      ? POWERFUL_VALUE.test(value) || (POWERFUL_KEY.test(key) && value !== '' && value !== 'false')
      : value === true && POWERFUL_KEY.test(key);
  const text = typeof value === 'string' ? value : 'true';
  return isPowerful ? [key === '' ? text : `${key}=${text}`] : [];
}

/** The values of a capability that each source has at each destination; each list once. */
function knownValues(
  sources: readonly Leaf[],
  hosts: readonly Leaf[],
  before: AccessIndex,
  capability: string,
  budget: Budget,
): readonly (readonly Json[])[] {
  const lists = new Map<string, readonly Json[]>();
  for (const source of sources) {
    for (const host of hosts) {
      const rules = before
        .matches(source, host)
        .map(({ rule }) => rule)
        .filter(({ app }) => app.has(capability));
      if (budget.isSpent()) return [...lists.values()];
      lists.set(
        JSON.stringify(rules.map(({ path }) => path)),
        rules.flatMap(({ app }) => app.get(capability) ?? []),
      );
    }
  }
  return [...lists.values()];
}

const textsOf = memoizeByObject((list: readonly Json[]) => new Set(list.map((item) => JSON.stringify(item))));

/** Whether the value, or one that includes it, is in a list. Equal texts save the comparison of each item. */
function isCovered(list: readonly Json[], value: Json, budget: Budget): boolean {
  return textsOf(list).has(JSON.stringify(value)) || list.some((other) => covers(other, value, budget));
}

/** Whether `old` includes `next`: lists are sets, `*` is everything, writing includes reading. */
function covers(old: Json, next: Json, budget: Budget): boolean {
  budget.spend(1);
  if (old === next || old === '*') return true;
  if (budget.isSpent()) return false;
  if (Array.isArray(old) && Array.isArray(next)) return next.every((item: Json) => isCovered(old, item, budget));
  if (typeof old === 'string' && typeof next === 'string')
    return READ_WRITE.has(old) && (READ_WRITE.has(next) || READ_ONLY.has(next));
  if (!isObject(old) || !isObject(next)) return old === true && next === false;
  const keepsGuards = Object.keys(old).every((key) => !GUARDS.has(key) || Object.hasOwn(next, key));
  return (
    keepsGuards &&
    Object.entries(next).every(
      ([key, value]) => GUARDS.has(key) || (Object.hasOwn(old, key) && covers(old[key] ?? null, value, budget)),
    )
  );
}

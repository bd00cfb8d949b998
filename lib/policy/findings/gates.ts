import { isAsNarrow } from '../access/access';
import { unmet } from '../access/posture';
import type { PolicyChange } from '../compare/policy-change';
import { hostsOf, type AccessRule, type SshRule } from '../parse/model';
import { evidenceByPlace, finding, lineOfSection, listed, sectionEvidence } from './finding';
import type { Evidence, FindingRule } from './finding';

type AnyRule = AccessRule | SshRule;

interface Kept {
  readonly rule: AnyRule;
  readonly before: AnyRule;
}

/** Maximum names or conditions of two rules or postures that are compared. */
const MAX_SHARED = 20;

/**
 * Changed rules that still allow a source to reach a destination that the old rule allowed only through a gate.
 *
 * @param isGated Whether a rule has the gate.
 */
function keptRules({ old, next, previous }: PolicyChange, isGated: (rule: AnyRule) => boolean): readonly Kept[] {
  const candidates = [...next.rules, ...next.ssh].flatMap((rule): readonly Kept[] => {
    const before = previous().get(rule.path);
    return before !== undefined && isGated(before) ? [{ rule, before }] : [];
  });
  const ungated = candidates.length > 0 ? [...old.rules, ...old.ssh].filter((rule) => !isGated(rule)) : [];
  return candidates.filter(({ rule, before }) =>
    sharedPairs(rule, before).some(
      ([src, host]) =>
        !ungated.some(
          (other) => isSsh(other) === isSsh(rule) && other.src.includes(src) && hostsOf(other).includes(host),
        ),
    ),
  );
}

/** Pairs of source and destination that both rules name. */
function sharedPairs(rule: AnyRule, before: AnyRule): readonly (readonly [string, string])[] {
  const shared = (now: readonly string[], then: readonly string[]): readonly string[] =>
    now.filter((name) => then.includes(name)).slice(0, MAX_SHARED);
  const hosts = shared(hostsOf(rule), hostsOf(before));
  return shared(rule.src, before.src).flatMap((src) => hosts.map((host) => [src, host] as const));
}

function isSsh({ section }: AnyRule): boolean {
  return section === 'ssh';
}

function distinct<Rule extends AnyRule>(rules: readonly Rule[]): readonly Rule[] {
  return [...new Map(rules.map((rule) => [rule.path, rule])).values()];
}

/** Rules that require no posture and allow access that required one. */
function ungatedRules(change: PolicyChange): readonly AnyRule[] {
  const lostPosture = [...change.access, ...change.ssh.filter(({ isRuleNew }) => isRuleNew)].filter(
    (gain) => gain.lostPosture,
  );
  const rules = [...keptRules(change, ({ posture }) => posture !== null), ...lostPosture].map(({ rule }) => rule);
  return distinct(rules.filter(({ posture }) => posture === null));
}

/** Not for rules that lost the default posture: that is one finding about the default. */
function postureRemoved(change: PolicyChange): readonly Evidence[] {
  const lostWithDefault = new Set(isDefaultRemoved(change) ? rulesWithDefault(change) : []);
  const previous = (rule: AnyRule): AnyRule => change.previous().get(rule.path) ?? rule;
  return evidenceByPlace(
    ungatedRules(change).filter((rule) => !(rule.defaultPosture && lostWithDefault.has(previous(rule).text))),
    (rule) => rule,
    (rule) => `${listed(rule.src)} to ${listed(hostsOf(rule))} requires no posture`,
  );
}

function isDefaultRemoved({ old, next }: PolicyChange): boolean {
  return old.defaultPosture !== null && next.defaultPosture === null;
}

function rulesWithDefault({ old }: PolicyChange): readonly string[] {
  return [...old.rules, ...old.ssh].filter(({ defaultPosture }) => defaultPosture).map(({ text }) => text);
}

/** Not when every rule that used the default now has a posture. */
function defaultPostureRemoved(change: PolicyChange): readonly Evidence[] {
  if (!isDefaultRemoved(change)) return [];
  const { old, next } = change;
  const isUngated = [...next.rules, ...next.ssh].some(({ posture }) => posture === null);
  if (rulesWithDefault(change).length > 0 && !isUngated) return [];
  return [sectionEvidence('defaultSrcPosture', `removed: ${listed(old.defaultPosture ?? [])}`)];
}

function postureWeakened(change: PolicyChange): readonly Evidence[] {
  const { old, next } = change;
  const definitions = [...next.postures.values()].flatMap(({ key, members, path, line }) => {
    const lost = unmet(members, old.postures.get(key)?.members ?? []).slice(0, MAX_SHARED);
    const evidence = `no longer requires ${listed(lost)}`;
    return isReplaced(lost, members) ? [] : [{ section: 'postures', path, line, evidence }];
  });
  const weakened = [
    ...change.access.filter(({ cause }) => cause === 'rule'),
    ...change.ssh.filter(({ isRuleNew }) => isRuleNew),
  ].filter(({ lostPosture, rule }) => lostPosture && rule.posture !== null && !rule.defaultPosture);
  const inRules = evidenceByPlace<(typeof weakened)[number]>(
    weakened,
    ({ rule }) => rule,
    ({ rule, src }) => `${src} requires any of ${listed(rule.posture ?? [])}`,
  );
  const inDefault = sectionEvidence(
    'defaultSrcPosture',
    `requires any of ${listed(next.defaultPosture ?? [])}`,
    lineOfSection(next, 'defaultSrcPosture'),
  );
  return [...definitions, ...inRules, ...(isLonger(next.defaultPosture, old.defaultPosture) ? [inDefault] : [])];
}

/** Whether the posture still has each lost condition's attribute in a form that cannot be compared. True when none is lost. */
function isReplaced(lost: readonly string[], members: readonly string[]): boolean {
  const attribute = (condition: string): string | undefined => condition.split(' ')[0];
  const isComparable = (condition: string): boolean => /^\S+ (?:>=|<=|<|>|IN|NOT IN) /.test(condition);
  return lost.every(
    (condition) =>
      !isComparable(condition) &&
      members.some((other) => attribute(other) === attribute(condition) && !isComparable(other)),
  );
}

/** Whether alternatives were added: a device needs to meet only one of them. */
function isLonger(now: readonly string[] | null, before: readonly string[] | null): boolean {
  return now !== null && before !== null && now.length > before.length && before.every((name) => now.includes(name));
}

function viaRemoved(change: PolicyChange): readonly Evidence[] {
  const inRules = keptRules(change, (rule) => rule.section !== 'ssh' && rule.via.length > 0).flatMap(
    ({ rule, before }) => {
      if (rule.section === 'ssh' || before.section === 'ssh' || isAsNarrow(rule.via, before.via)) return [];
      return rule.via.length === 0 || before.via.every((name) => rule.via.includes(name)) ? [rule] : [];
    },
  );
  const inAccess = change.access
    .filter(({ lostVia, cause, rule }) => lostVia && cause === 'rule' && rule.via.length === 0)
    .map(({ rule }) => rule);
  return evidenceByPlace(
    distinct([...inRules, ...inAccess]),
    ({ path, line }) => ({ section: 'grants', path, line }),
    ({ src, targets, via }) =>
      `${listed(src)} to ${listed(targets.map(({ host }) => host))} via ${via.length === 0 ? 'any router' : listed(via)}`,
  );
}

export const GATE_FINDINGS: readonly FindingRule[] = [
  finding('GRANT-VIA-REMOVED', 'medium', 'new only', 'Grant via restriction weakened or removed', viaRemoved),
  finding('POSTURE-REMOVED', 'high', 'new only', 'Device posture requirement removed', postureRemoved),
  finding('POSTURE-DEFAULT-REMOVED', 'high', 'new only', 'Default device posture removed', defaultPostureRemoved),
  finding('POSTURE-WEAKENED', 'medium', 'new only', 'Device posture requirement weakened', postureWeakened),
];

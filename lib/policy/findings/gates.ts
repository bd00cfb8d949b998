import { isAsNarrow } from '../access/access';
import type { AccessRule, SshRule } from '../parse/model';
import { unmet } from '../access/posture';
import type { PolicyChange } from '../compare/policy-change';
import { byPlace, listed, type Evidence, type FindingRule } from './finding';

type AnyRule = AccessRule | SshRule;

interface Kept {
  readonly rule: AnyRule;
  readonly before: AnyRule;
}

/**
 * Rules that were changed, still give something that they gave before, and gave it only through a gate.
 *
 * @param isGated Whether a rule has the gate that is asked about.
 */
function keptRules({ old, next, previous }: PolicyChange, isGated: (rule: AnyRule) => boolean): readonly Kept[] {
  const candidates = [...next.rules, ...next.ssh].flatMap((rule): readonly Kept[] => {
    const before = previous().get(rule.path);
    return before !== undefined && isGated(before) ? [{ rule, before }] : [];
  });
  const free = candidates.length > 0 ? [...old.rules, ...old.ssh].filter((rule) => !isGated(rule)) : [];
  return candidates.filter(({ rule, before }) =>
    sharedPairs(rule, before).some(
      ([src, host]) =>
        !free.some((other) => isSsh(other) === isSsh(rule) && other.src.includes(src) && hostsOf(other).includes(host)),
    ),
  );
}

/** Sources with destinations that both rules name, the first of them. */
function sharedPairs(rule: AnyRule, before: AnyRule): readonly (readonly [string, string])[] {
  const shared = (now: readonly string[], then: readonly string[]): readonly string[] =>
    now.filter((name) => then.includes(name)).slice(0, MAX_SHARED);
  return shared(rule.src, before.src).flatMap((src) =>
    shared(hostsOf(rule), hostsOf(before)).map((host) => [src, host] as const),
  );
}

/** Names or conditions that two rules or postures have in common, as far as they are looked at. */
const MAX_SHARED = 20;

function isSsh({ section }: AnyRule): boolean {
  return section === 'ssh';
}

function hostsOf(rule: AnyRule): readonly string[] {
  return rule.section === 'ssh' ? rule.dst : rule.targets.map(({ host }) => host);
}

/** Rules that asked for a posture and ask for none, each once, whether it shows in the rule or in what it lets in. */
function ungatedRules(change: PolicyChange): readonly AnyRule[] {
  const inRules = keptRules(change, ({ posture }) => posture !== null).flatMap(({ rule }) =>
    rule.posture === null ? [rule] : [],
  );
  const inAccess = change.access
    .filter(({ lostPosture, rule }) => lostPosture && rule.posture === null)
    .map(({ rule }) => rule);
  const inSsh = change.ssh
    .filter(({ lostPosture, rule, isRuleNew }) => lostPosture && isRuleNew && rule.posture === null)
    .map(({ rule }) => rule);
  return [...new Map([...inRules, ...inAccess, ...inSsh].map((rule) => [rule.path, rule])).values()];
}

/** Rules that never had a posture of their own lose it with the default, which is told once, as the default. */
function postureRemoved(change: PolicyChange): readonly Evidence[] {
  const lostWithDefault = isDefaultRemoved(change) ? new Set(formerlyDefault(change)) : new Set<string>();
  const rules = ungatedRules(change).filter(
    (rule) => !(rule.defaultPosture && lostWithDefault.has((change.previous().get(rule.path) ?? rule).text)),
  );
  return byPlace(
    (rule) => rule.section,
    rules,
    (rule) => rule,
    (rule) => `${listed(rule.src)} to ${listed(hostsOf(rule))} asks for no posture`,
  );
}

function isDefaultRemoved({ old, next }: PolicyChange): boolean {
  return old.defaultPosture !== null && next.defaultPosture === null;
}

function formerlyDefault({ old }: PolicyChange): readonly string[] {
  return [...old.rules, ...old.ssh].filter(({ defaultPosture }) => defaultPosture).map(({ text }) => text);
}

/** Nothing is lost when every rule that went by the default now names a posture of its own. */
function defaultPostureRemoved(change: PolicyChange): readonly Evidence[] {
  if (!isDefaultRemoved(change)) return [];
  const { old, next } = change;
  const ungated = [...next.rules, ...next.ssh].some(({ posture }) => posture === null);
  if (formerlyDefault(change).length > 0 && !ungated) return [];
  return [
    {
      section: 'defaultSrcPosture',
      path: 'defaultSrcPosture',
      line: null,
      evidence: `was ${listed(old.defaultPosture ?? [])}`,
    },
  ];
}

function postureWeakened(change: PolicyChange): readonly Evidence[] {
  const { old, next } = change;
  const definitions = [...next.postures.values()].flatMap(({ key, members, path, line }) => {
    const before = old.postures.get(key)?.members;
    if (before === undefined) return [];
    const lost = unmet(members, before).slice(0, MAX_SHARED);
    return isReplaced(lost, members)
      ? []
      : [{ section: 'postures', path, line, evidence: `no longer asks for ${listed(lost)}` }];
  });
  const eased = [
    ...change.access.filter(({ cause }) => cause === 'rule'),
    ...change.ssh.filter(({ isRuleNew }) => isRuleNew),
  ].filter(({ lostPosture, rule }) => lostPosture && rule.posture !== null && !rule.defaultPosture);
  const inRules = byPlace<(typeof eased)[number]>(
    ({ rule }) => rule.section,
    eased,
    ({ rule }) => rule,
    ({ rule, src }) => `${src}: any of ${listed(rule.posture ?? [])}`,
  );
  const line = next.policy.sections.get('defaultSrcPosture')?.line ?? null;
  const inDefault = isLonger(next.defaultPosture, old.defaultPosture)
    ? [
        {
          section: 'defaultSrcPosture',
          path: 'defaultSrcPosture',
          line,
          evidence: `any of ${listed(next.defaultPosture ?? [])}`,
        },
      ]
    : [];
  return [...definitions, ...inRules, ...inDefault];
}

/** Nothing is lost, or the same attributes are asked for in a way that cannot be compared. */
function isReplaced(lost: readonly string[], members: readonly string[]): boolean {
  const attribute = (condition: string): string | undefined => condition.split(' ')[0];
  const comparable = /^\S+ (?:>=|<=|<|>|IN|NOT IN) /;
  return lost.every(
    (condition) =>
      !comparable.test(condition) &&
      members.some((other) => attribute(other) === attribute(condition) && !comparable.test(other)),
  );
}

/** More alternatives: whoever meets one of them gets in. */
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
  const rules = [...new Map([...inRules, ...inAccess].map((rule) => [rule.path, rule])).values()];
  return byPlace(
    'grants',
    rules,
    (rule) => rule,
    (rule) =>
      `${listed(rule.src)} to ${listed(hostsOf(rule))} through ${rule.via.length === 0 ? 'any router' : listed(rule.via)}`,
  );
}

export const GATE_FINDINGS: readonly FindingRule[] = [
  {
    id: 'GRANT-VIA-REMOVED',
    severity: 'medium',
    standing: false,
    title: 'Access that went through named routers may take others',
    when: viaRemoved,
  },
  {
    id: 'POSTURE-REMOVED',
    severity: 'high',
    standing: false,
    title: 'Access that asked for a device posture no longer does',
    when: postureRemoved,
  },
  {
    id: 'POSTURE-DEFAULT-REMOVED',
    severity: 'high',
    standing: false,
    title: 'The default device posture is gone',
    when: defaultPostureRemoved,
  },
  {
    id: 'POSTURE-WEAKENED',
    severity: 'medium',
    standing: false,
    title: 'A device posture asks for less',
    when: postureWeakened,
  },
];

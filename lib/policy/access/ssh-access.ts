import type { Budget } from './budget';
import type { SshRule } from '../parse/model';
import { isAsStrict } from './posture';
import { append } from '../parse/collections';
import { createCoverage, INTERNET, SELF, TAGGED, type Coverage, type Leaf } from './selector';
import { gateOf, type Comparison, type Side } from './side';

/** Tailscale's check period where a rule names none. Source: Tailscale SSH documentation. */
export const DEFAULT_CHECK_SECONDS = 12 * 3600;

/** What one side lets a source do at a destination under an account. `check` asks the user to sign in again. */
export interface SshAccess {
  readonly mode: 'none' | 'check' | 'accept';
  /** Between two sign-ins; 0 is every time. Only of a check. */
  readonly checkSeconds: number;
  readonly isRecorded: boolean;
  /** The session is refused where it cannot be recorded. */
  readonly mustRecord: boolean;
  readonly acceptsAnyEnv: boolean;
  /** Rules that let it in. */
  readonly rules: readonly SshRule[];
}

/** SSH access that is greater, or less guarded, on `to` than on `from`. */
export interface SshGain {
  /** Where it stands: a rule of `to`, or of `from` where what is gone had held it back. */
  readonly rule: SshRule;
  readonly isRuleNew: boolean;
  readonly cause: 'rule' | 'alias';
  readonly src: string;
  readonly dst: string;
  readonly user: string;
  readonly before: SshAccess;
  readonly after: SshAccess;
  readonly lostPosture: boolean;
  /** No account at all could be used before. */
  readonly isFresh: boolean;
}

export interface SshIndex {
  readonly access: (source: Leaf, host: Leaf, user: string) => SshAccess;
  /** Whether any account can be used. */
  readonly isReached: (source: Leaf, host: Leaf) => boolean;
}

export function createSshIndex({ model, resolver }: Side, budget: Budget): SshIndex {
  const [bySource, byHost] = [new Map<string, SshRule[]>(), new Map<string, SshRule[]>()];
  for (const rule of model.ssh) {
    for (const name of rule.src) append(bySource, name, rule);
    for (const name of rule.dst) append(byHost, name, rule);
  }
  const rulesFrom = createRules(bySource, createCoverage(bySource.keys(), resolver, budget), budget);
  const rulesTo = createRules(byHost, createCoverage(byHost.keys(), resolver, budget), budget);
  const matches = (source: Leaf, host: Leaf): readonly SshRule[] => {
    const [from, to] = [rulesFrom(source), rulesTo(host)];
    const [few, many] = from.size < to.size ? [from, to] : [to, from];
    budget.spend(1 + few.size);
    return [...few].filter((rule) => many.has(rule));
  };
  const allowed = new Map(model.ssh.map((rule) => [rule, new Set(rule.users)]));
  return {
    access: (source, host, user) =>
      decide(matches(source, host).filter((rule) => coversUsers(allowed.get(rule) ?? new Set(), user))),
    isReached: (source, host) => matches(source, host).length > 0,
  };
}

/** The rules whose names hold a leaf. */
function createRules(
  byName: ReadonlyMap<string, readonly SshRule[]>,
  coverage: Coverage,
  budget: Budget,
): (leaf: Leaf) => ReadonlySet<SshRule> {
  const known = new Map<string, ReadonlySet<SshRule>>();
  return (leaf) => {
    const before = known.get(leaf.key);
    if (before !== undefined) return before;
    const rules = coverage.covering(leaf).flatMap((name) => byName.get(name) ?? []);
    budget.spend(rules.length);
    const found = new Set(rules);
    known.set(leaf.key, found);
    return found;
  };
}

/** A check beats an accept, and the shortest period counts: the order of rules means nothing. */
function decide(rules: readonly SshRule[]): SshAccess {
  const checks = rules.filter(({ mode }) => mode === 'check');
  const deciding = checks.length > 0 ? checks : rules;
  const some = (test: (rule: SshRule) => boolean): boolean => deciding.some(test);
  return {
    mode: deciding[0]?.mode ?? 'none',
    checkSeconds: checks.reduce((shortest, { checkPeriod }) => Math.min(shortest, checkSeconds(checkPeriod)), Infinity),
    isRecorded: some(({ recorder }) => recorder.length > 0),
    mustRecord: some(({ enforceRecorder, recorder }) => enforceRecorder && recorder.length > 0),
    acceptsAnyEnv: some(({ acceptEnv }) => acceptEnv.includes('*')),
    rules: deciding,
  };
}

/** `autogroup:nonroot` is any account but root. */
export function coversUser(name: string, user: string): boolean {
  return name === user || name === '*' || (name === 'autogroup:nonroot' && user !== 'root' && user !== '*');
}

function coversUsers(names: ReadonlySet<string>, user: string): boolean {
  return ['*', 'autogroup:nonroot', user].some((name) => names.has(name) && coversUser(name, user));
}

/** `20h`, `1h30m`, `always`; what cannot be read counts as the default. */
export function checkSeconds(period: string): number {
  if (period === 'always') return 0;
  if (!/^(\d+(\.\d+)?[hms])+$/.test(period)) return DEFAULT_CHECK_SECONDS;
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };
  return [...period.matchAll(/([\d.]+)([hms])/g)].reduce(
    (total, [, count, unit = '']) => total + Number(count) * (units[unit] ?? 0),
    0,
  );
}

/** A rule that is gone may have been the one that held back: rules of both sides are looked at. */
export function* sshGains(comparison: Comparison, before: SshIndex, after: SshIndex): Generator<SshGain, void, void> {
  const { from, to, isSameRule } = comparison;
  const kept = new Set(to.model.ssh.map(({ text }) => text));
  for (const rule of to.model.ssh)
    yield* ruleGains(comparison, before, after, rule, to, isSameRule(rule, 'ssh') ? 'alias' : 'rule');
  for (const rule of from.model.ssh)
    if (!kept.has(rule.text)) yield* ruleGains(comparison, before, after, rule, from, 'rule');
}

function* ruleGains(
  { from, to, budget, isGateLooser, newLeaves }: Comparison,
  before: SshIndex,
  after: SshIndex,
  rule: SshRule,
  side: Side,
  cause: SshGain['cause'],
): Generator<SshGain, void, void> {
  const { leaves } = side.resolver;
  const wholly = cause !== 'alias' || isGateLooser(rule);
  for (const src of rule.src) {
    for (const dst of rule.dst) {
      budget.spend(1);
      if (!wholly && newLeaves(src).length === 0 && newLeaves(dst).length === 0) continue;
      for (const user of rule.users) {
        if (budget.isSpent()) return;
        for (const gain of distinctGains(leaves(src), leaves(dst), user))
          yield { rule, isRuleNew: side === to && cause === 'rule', cause, src, dst, user, ...gain };
      }
    }
  }

  /** One of each kind: a group may hold people who had nothing and people who had to sign in again. */
  function distinctGains(
    sources: readonly Leaf[],
    hosts: readonly Leaf[],
    user: string,
  ): Iterable<Pick<SshGain, 'before' | 'after' | 'lostPosture' | 'isFresh'>> {
    const found = new Map<string, Pick<SshGain, 'before' | 'after' | 'lostPosture' | 'isFresh'>>();
    for (const source of sources) {
      for (const host of hosts) {
        budget.spend(1);
        if (budget.isSpent()) return found.values();
        const [was, is] = [before.access(source, host, user), after.access(source, host, user)];
        const lostPosture =
          was.mode !== 'none' &&
          is.rules.some(({ posture }) =>
            was.rules.every((old) => !isAsStrict(gateOf(to, posture), gateOf(from, old.posture))),
          );
        const isFresh = !before.isReached(source, host);
        if (lostPosture || isGreater(is, was))
          found.set(`${was.mode} ${isFresh} ${lostPosture}`, { before: was, after: is, lostPosture, isFresh });
      }
    }
    return found.values();
  }
}

const MODES = ['none', 'check', 'accept'] as const;

function isGreater(is: SshAccess, was: SshAccess): boolean {
  if (is.mode === 'none') return false;
  if (is.mode !== was.mode) return MODES.indexOf(is.mode) > MODES.indexOf(was.mode) || lostGuard(is, was);
  return (is.mode === 'check' && is.checkSeconds > was.checkSeconds) || lostGuard(is, was);
}

function lostGuard(is: SshAccess, was: SshAccess): boolean {
  if (was.mode === 'none') return false;
  return (
    (was.isRecorded && !is.isRecorded) || (was.mustRecord && !is.mustRecord) || (is.acceptsAnyEnv && !was.acceptsAnyEnv)
  );
}

/** A destination made of tagged machines: servers that belong to nobody. */
export function isTagged(dst: string): boolean {
  return dst === TAGGED || dst.startsWith('tag:');
}

/** Each user reaches only what is the user's own, or what is not the tailnet's. */
export function isOwnOrOutside(dst: string): boolean {
  return dst === SELF || dst === INTERNET;
}

import type { Budget } from './budget';
import type { SshRule } from '../parse/model';
import { isAsStrict } from './posture';
import { append } from '../parse/collections';
import { createLookup, INTERNET, SELF, TAGGED, type Leaf } from './selector';
import { conditionsOf, type Comparison, type Side } from './side';

/** Tailscale's default check period. Source: Tailscale SSH documentation. */
const DEFAULT_CHECK_SECONDS = 12 * 3600;

/** SSH access of a source to an account of a destination on one side. `check` makes the user sign in again. */
export interface SshAccess {
  readonly mode: 'none' | 'check' | 'accept';
  /** Seconds between two sign-ins; 0 is every time; Infinity without a check. */
  readonly checkSeconds: number;
  readonly isRecorded: boolean;
  /** A session that cannot be recorded is refused. */
  readonly mustRecord: boolean;
  readonly acceptsAnyEnv: boolean;
  /** The rules that decide. */
  readonly rules: readonly SshRule[];
}

/** SSH access that is wider, or less guarded, on `to` than on `from`. */
export interface SshGain {
  /** A rule of `to`, or a removed rule of `from` that limited the access. */
  readonly rule: SshRule;
  readonly isRuleNew: boolean;
  readonly cause: 'rule' | 'alias';
  readonly src: string;
  readonly dst: string;
  readonly user: string;
  readonly before: SshAccess;
  readonly after: SshAccess;
  readonly lostPosture: boolean;
  /** `from` allowed no account at all. */
  readonly isFresh: boolean;
}

export interface SshIndex {
  readonly access: (source: Leaf, host: Leaf, user: string) => SshAccess;
  /** Whether any account is allowed. */
  readonly isReached: (source: Leaf, host: Leaf) => boolean;
}

export function createSshIndex({ model, resolver }: Side, budget: Budget): SshIndex {
  const [bySource, byHost] = [new Map<string, SshRule[]>(), new Map<string, SshRule[]>()];
  for (const rule of model.ssh) {
    for (const name of rule.src) append(bySource, name, rule);
    for (const name of rule.dst) append(byHost, name, rule);
  }
  const [sources, hosts] = [createLookup(bySource, resolver, budget), createLookup(byHost, resolver, budget)];
  const matches = (source: Leaf, host: Leaf): readonly SshRule[] => {
    const [from, to] = [sources.covering(source), hosts.covering(host)];
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

/** A check overrides an accept, and the shortest period counts, in any order of rules. */
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

/** Reads `20h`, `1h30m`, `always`; the default when the text is not valid. */
function checkSeconds(period: string): number {
  if (period === 'always') return 0;
  if (!/^(\d+(\.\d+)?[hms])+$/.test(period)) return DEFAULT_CHECK_SECONDS;
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };
  return [...period.matchAll(/([\d.]+)([hms])/g)].reduce(
    (total, [, count, unit = '']) => total + Number(count) * (units[unit] ?? 0),
    0,
  );
}

/** Compares the rules of `to` and the removed rules of `from`: a removed rule may have limited the access. */
export function* sshGains(comparison: Comparison, before: SshIndex, after: SshIndex): Generator<SshGain> {
  const { from, to, isSameRule } = comparison;
  const kept = new Set(to.model.ssh.map(({ text }) => text));
  for (const rule of to.model.ssh)
    yield* ruleGains(comparison, before, after, rule, to, isSameRule(rule, 'ssh') ? 'alias' : 'rule');
  for (const rule of from.model.ssh)
    if (!kept.has(rule.text)) yield* ruleGains(comparison, before, after, rule, from, 'rule');
}

function* ruleGains(
  { from, to, budget, isPostureLooser, newLeaves }: Comparison,
  before: SshIndex,
  after: SshIndex,
  rule: SshRule,
  side: Side,
  cause: SshGain['cause'],
): Generator<SshGain> {
  const { leaves } = side.resolver;
  const isWhole = cause !== 'alias' || isPostureLooser(rule);
  for (const src of rule.src) {
    for (const dst of rule.dst) {
      budget.spend(1);
      if (!isWhole && newLeaves(src).length === 0 && newLeaves(dst).length === 0) continue;
      for (const user of rule.users) {
        if (budget.isSpent()) return;
        for (const gain of distinctGains(leaves(src), leaves(dst), user))
          yield { rule, isRuleNew: side === to && cause === 'rule', cause, src, dst, user, ...gain };
      }
    }
  }

  /** One gain of each kind: of a group, some members may have had no access and others access with a check. */
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
            was.rules.every((old) => !isAsStrict(conditionsOf(to, posture), conditionsOf(from, old.posture))),
          );
        const isFresh = !before.isReached(source, host);
        if (lostPosture || isWider(is, was))
          found.set(`${was.mode} ${isFresh} ${lostPosture}`, { before: was, after: is, lostPosture, isFresh });
      }
    }
    return found.values();
  }
}

const MODES = ['none', 'check', 'accept'] as const;

function isWider(is: SshAccess, was: SshAccess): boolean {
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

/** Whether a destination is tagged devices: servers, not devices of a user. */
export function isTagged(dst: string): boolean {
  return dst === TAGGED || dst.startsWith('tag:');
}

/** Whether a destination is the user's own devices, or outside the tailnet. */
export function isOwnOrOutside(dst: string): boolean {
  return dst === SELF || dst === INTERNET;
}

import { isObject, readTarget, strings, type JsonObject } from './canonical';
import type { Json } from './hujson';
import type { Entry, Policy } from './policy';
import { parseGrantPorts, type PortRange } from './ports';

interface Located {
  readonly path: string;
  readonly line: number;
}

/** Fields that every kind of rule has. Names are canonical. */
interface RuleBase extends Located {
  /** The rule as JSON text: equal rules have equal text. */
  readonly text: string;
  readonly src: readonly string[];
  /** Postures of which one must hold; the default when the rule has no `srcPosture`. null: no posture is required. */
  readonly posture: readonly string[] | null;
  /** The rule has no `srcPosture`. */
  readonly defaultPosture: boolean;
}

/** A rule of `acls` or `grants`. */
export interface AccessRule extends RuleBase {
  readonly section: 'acls' | 'grants';
  /** Without ports there is no network access, as in a grant that has only `app`. */
  readonly targets: readonly { readonly host: string; readonly ports: readonly PortRange[] }[];
  readonly via: readonly string[];
  /** Capability name to its values. */
  readonly app: ReadonlyMap<string, readonly Json[]>;
}

export interface SshRule extends RuleBase {
  readonly section: 'ssh';
  readonly dst: readonly string[];
  readonly users: readonly string[];
  readonly mode: 'accept' | 'check';
  readonly checkPeriod: string;
  readonly acceptEnv: readonly string[];
  readonly recorder: readonly string[];
  readonly enforceRecorder: boolean;
}

export interface NodeAttrs extends Located {
  readonly target: readonly string[];
  readonly attr: readonly string[];
  readonly app: ReadonlyMap<string, readonly Json[]>;
}

/** A key of a section with the members of its list. */
export interface Members extends Located {
  readonly key: string;
  readonly members: readonly string[];
}

/** Names that a policy defines for people and addresses: key to members. */
export interface Aliases {
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  readonly ipsets: ReadonlyMap<string, readonly string[]>;
}

/** A policy in the form in which access is compared. */
export interface Model {
  readonly policy: Policy;
  readonly rules: readonly AccessRule[];
  readonly ssh: readonly SshRule[];
  readonly nodeAttrs: readonly NodeAttrs[];
  readonly groups: ReadonlyMap<string, Members>;
  readonly hosts: ReadonlyMap<string, Members>;
  readonly ipsets: ReadonlyMap<string, Members>;
  readonly postures: ReadonlyMap<string, Members>;
  readonly tagOwners: ReadonlyMap<string, Members>;
  /** Keys `routes.<prefix>`, `exitNode`, `services.<name>`. */
  readonly approvers: ReadonlyMap<string, Members>;
  readonly defaultPosture: readonly string[] | null;
  readonly aliases: Aliases;
}

export function readModel(policy: Policy): Model {
  const keyed = (section: string): ReadonlyMap<string, Members> =>
    new Map(
      policy.entries(section).flatMap(({ key, value, path, line }) => {
        if (key === null || key === '') return [];
        return [[key, { key, members: strings(value), path, line }]];
      }),
    );
  const defaultPosture = nullIfEmpty(policy.entries('defaultSrcPosture').flatMap(({ value }) => strings(value)));
  const [groups, hosts, ipsets] = [keyed('groups'), keyed('hosts'), keyed('ipsets')];
  return {
    policy,
    rules: [
      ...rulesOf(policy, 'acls').map(({ entry, value }): AccessRule => ({
        ...ruleBase(entry, value, defaultPosture),
        section: 'acls',
        targets: aclTargets(value),
        via: strings(value['via']),
        app: new Map(),
      })),
      ...rulesOf(policy, 'grants').map(({ entry, value }): AccessRule => ({
        ...ruleBase(entry, value, defaultPosture),
        section: 'grants',
        targets: grantTargets(value),
        via: strings(value['via']),
        app: capabilities(value['app']),
      })),
    ],
    ssh: rulesOf(policy, 'ssh').map(({ entry, value }) => ({
      ...ruleBase(entry, value, defaultPosture),
      section: 'ssh',
      dst: strings(value['dst']),
      users: strings(value['users']),
      mode: value['action'] === 'check' ? 'check' : 'accept',
      checkPeriod: typeof value['checkPeriod'] === 'string' ? value['checkPeriod'] : '',
      acceptEnv: strings(value['acceptEnv']),
      recorder: strings(value['recorder']),
      enforceRecorder: value['enforceRecorder'] === true,
    })),
    nodeAttrs: rulesOf(policy, 'nodeAttrs').map(({ entry: { path, line }, value }) => ({
      path,
      line,
      target: strings(value['target']),
      attr: strings(value['attr']),
      app: capabilities(value['app']),
    })),
    groups,
    hosts,
    ipsets,
    postures: keyed('postures'),
    tagOwners: keyed('tagOwners'),
    approvers: keyed('autoApprovers'),
    defaultPosture,
    aliases: { groups: membersOnly(groups), hosts: membersOnly(hosts), ipsets: membersOnly(ipsets) },
  };
}

function rulesOf(policy: Policy, section: string): { entry: Entry; value: JsonObject }[] {
  return policy
    .entries(section)
    .flatMap((entry) => (isObject(entry.value) && entry.key === null ? [{ entry, value: entry.value }] : []));
}

function ruleBase({ path, line, text }: Entry, value: JsonObject, defaultPosture: readonly string[] | null): RuleBase {
  const own = value['srcPosture'];
  return {
    path,
    line,
    text,
    src: strings(value['src']),
    posture: own === undefined ? defaultPosture : nullIfEmpty(strings(own)),
    defaultPosture: own === undefined,
  };
}

function aclTargets({ action, proto, dst }: JsonObject): AccessRule['targets'] {
  // `accept` is the only action of an acl; any other value allows nothing.
  if (action !== undefined && action !== 'accept') return [];
  return strings(dst).map((target) => readTarget(target, typeof proto === 'string' ? proto : ''));
}

function grantTargets({ ip, dst }: JsonObject): AccessRule['targets'] {
  const ports = strings(ip).flatMap((entry) => parseGrantPorts(entry) ?? []);
  return strings(dst).map((host) => ({ host, ports }));
}

function capabilities(app: Json | undefined): ReadonlyMap<string, readonly Json[]> {
  if (!isObject(app)) return new Map();
  return new Map(
    Object.entries(app).map(([name, values]) => [
      name,
      !Array.isArray(values) ? [values] : values.length === 0 ? [{}] : values,
    ]),
  );
}

function membersOnly(keyed: ReadonlyMap<string, Members>): ReadonlyMap<string, readonly string[]> {
  return new Map([...keyed].map(([key, { members }]) => [key, members]));
}

function nullIfEmpty(list: readonly string[]): readonly string[] | null {
  return list.length === 0 ? null : list;
}

/** Sources and destinations of a rule. */
export function namesInRule(rule: AccessRule | SshRule): readonly string[] {
  return [...rule.src, ...hostsOf(rule)];
}

export function hostsOf(rule: AccessRule | SshRule): readonly string[] {
  return rule.section === 'ssh' ? rule.dst : rule.targets.map(({ host }) => host);
}

/** Without `acls` and `grants`, Tailscale allows all traffic. */
export function isDefaultOpen({ policy }: Model): boolean {
  return !policy.sections.has('acls') && !policy.sections.has('grants');
}

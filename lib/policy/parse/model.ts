import { isObject, readTarget, strings, type JsonObject } from './canonical';
import type { Json } from './hujson';
import type { Entry, Policy } from './policy';
import { parseGrantPorts, type PortRange } from './ports';
import type { Aliases } from '../access/selector';

/** What every kind of rule has. Names in it are canonical. */
interface RuleBase {
  readonly path: string;
  readonly line: number;
  /** The rule as JSON text: equal rules have equal text. */
  readonly text: string;
  readonly src: readonly string[];
  /** Posture names, of which one must hold; the default's where the rule names none. null: no posture is asked for. */
  readonly posture: readonly string[] | null;
  /** The rule has no srcPosture of its own. */
  readonly defaultPosture: boolean;
}

/** An allowance of `acls` or `grants`. */
export interface AccessRule extends RuleBase {
  readonly section: 'acls' | 'grants';
  /** No ports: no network access, as in a grant that is only `app`. */
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

export interface NodeAttrs {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  readonly target: readonly string[];
  readonly attr: readonly string[];
  readonly app: ReadonlyMap<string, readonly Json[]>;
}

/** A key and who stands under it. */
export interface Members {
  readonly key: string;
  readonly members: readonly string[];
  readonly path: string;
  readonly line: number;
}

/** A policy as the comparison of access sees it. */
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
      policy
        .entries(section)
        .flatMap((entry) =>
          entry.key === null || entry.key === ''
            ? []
            : [[entry.key, { ...entry, key: entry.key, members: strings(entry.value) }]],
        ),
    );
  const defaultPosture = nullIfEmpty(policy.entries('defaultSrcPosture').flatMap(({ value }) => strings(value)));
  const [groups, hosts, ipsets] = [keyed('groups'), keyed('hosts'), keyed('ipsets')];
  return {
    policy,
    rules: [
      ...objects(policy, 'acls').map(({ entry, value }): AccessRule => ({
        ...ruleBase(entry, value, defaultPosture),
        section: 'acls',
        targets: aclTargets(value),
        via: strings(value['via']),
        app: new Map(),
      })),
      ...objects(policy, 'grants').map(({ entry, value }): AccessRule => ({
        ...ruleBase(entry, value, defaultPosture),
        section: 'grants',
        targets: grantTargets(value),
        via: strings(value['via']),
        app: capabilities(value['app']),
      })),
    ],
    ssh: objects(policy, 'ssh').map(({ entry, value }) => sshRule(entry, value, defaultPosture)),
    nodeAttrs: objects(policy, 'nodeAttrs').map(({ entry, value }) => ({
      ...place(entry),
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

function objects(policy: Policy, section: string): { entry: Entry; value: JsonObject }[] {
  return policy
    .entries(section)
    .flatMap((entry) => (isObject(entry.value) && entry.key === null ? [{ entry, value: entry.value }] : []));
}

function place({ path, line, text }: Entry): { path: string; line: number; text: string } {
  return { path, line, text };
}

function ruleBase(entry: Entry, value: JsonObject, defaultPosture: readonly string[] | null): RuleBase {
  const own = value['srcPosture'];
  return {
    ...place(entry),
    src: strings(value['src']),
    posture: own === undefined ? defaultPosture : nullIfEmpty(strings(own)),
    defaultPosture: own === undefined,
  };
}

function aclTargets(value: JsonObject): AccessRule['targets'] {
  const { action, proto } = value;
  // The only action there is; whatever else stands there allows nothing.
  if (action !== undefined && action !== 'accept') return [];
  return strings(value['dst']).map((target) => readTarget(target, typeof proto === 'string' ? proto : ''));
}

function grantTargets(value: JsonObject): AccessRule['targets'] {
  const ports = strings(value['ip']).flatMap((entry) => parseGrantPorts(entry) ?? []);
  return strings(value['dst']).map((host) => ({ host, ports }));
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

function sshRule(entry: Entry, value: JsonObject, defaultPosture: readonly string[] | null): SshRule {
  const period = value['checkPeriod'];
  return {
    ...ruleBase(entry, value, defaultPosture),
    section: 'ssh',
    dst: strings(value['dst']),
    users: strings(value['users']),
    mode: value['action'] === 'check' ? 'check' : 'accept',
    checkPeriod: typeof period === 'string' ? period : '',
    acceptEnv: strings(value['acceptEnv']),
    recorder: strings(value['recorder']),
    enforceRecorder: value['enforceRecorder'] === true,
  };
}

function membersOnly(keyed: ReadonlyMap<string, Members>): ReadonlyMap<string, readonly string[]> {
  return new Map([...keyed].map(([key, { members }]) => [key, members]));
}

function nullIfEmpty(list: readonly string[]): readonly string[] | null {
  return list.length === 0 ? null : list;
}

/** Every name that may stand for a user: to tell the tailnet's own domains. */
export function namesIn(model: Model): readonly string[] {
  const keyed = [...model.groups.values(), ...model.tagOwners.values(), ...model.approvers.values()].flatMap(
    ({ members }) => members,
  );
  return [
    ...keyed,
    ...model.rules.flatMap(({ src, targets }) => [...src, ...targets.map(({ host }) => host)]),
    ...model.ssh.flatMap(({ src, dst }) => [...src, ...dst]),
  ];
}

/** Neither acls nor grants: Tailscale then allows everything. */
export function isDefaultOpen({ policy }: Model): boolean {
  return !policy.sections.has('acls') && !policy.sections.has('grants');
}

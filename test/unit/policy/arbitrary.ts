import * as fc from 'fast-check';

export type PlainPolicy = Readonly<Record<string, unknown>>;

const oneOf = (names: string): fc.Arbitrary<string> => fc.constantFrom(...names.split(' '));
const user = oneOf('ann@example.com bob@example.com cat@example.com dan@example.com eve@partner.io');
const group = fc.constantFrom('group:dev', 'group:ops', 'group:qa');
const tag = fc.constantFrom('tag:web', 'tag:prod', 'tag:ci');
const address = oneOf('10.0.0.0/8 10.1.0.0/16 10.1.2.3 192.168.1.0/24 2001:db8::/32 0.0.0.0/0');
const host = fc.constantFrom('office', 'database');
const name = [user, group, tag, address, host] as const;
const everyone = oneOf('* autogroup:member autogroup:tagged autogroup:danger-all user:*@example.com ipset:lan');
const source = fc.oneof(...name, everyone);
const destination = fc.oneof(...name, oneOf('* autogroup:self autogroup:internet ipset:lan'));
const ports = fc.constantFrom('*', '22', '80,443', '1-1024', '5432', '443');
const posture = fc.constantFrom('posture:mac', 'posture:new');
const condition = fc.constantFrom(
  "node:os == 'macos'",
  "node:osVersion >= '13'",
  "node:osVersion >= '14.2'",
  'node:tsAutoUpdate',
  "node:os IN ['linux', 'macos']",
);

const some = <Item>(item: fc.Arbitrary<Item>): fc.Arbitrary<Item[]> =>
  fc.uniqueArray(item, { minLength: 1, maxLength: 3 });
const few = <Item>(item: fc.Arbitrary<Item>): fc.Arbitrary<Item[]> => fc.uniqueArray(item, { maxLength: 4 });
const keyed = <Value>(key: fc.Arbitrary<string>, value: fc.Arbitrary<Value>): fc.Arbitrary<Record<string, Value>> =>
  fc.dictionary(key, value, { maxKeys: 3 });

export const acl = fc.record(
  {
    action: fc.constant('accept'),
    src: some(source),
    dst: some(
      fc.tuple(destination, ports).map(([name, list]) => `${name.includes('::') ? `[${name}]` : name}:${list}`),
    ),
    proto: fc.constantFrom('tcp', 'udp', '6'),
    srcPosture: some(posture),
  },
  { requiredKeys: ['action', 'src', 'dst'] },
);

const grant = fc.record(
  {
    src: some(source),
    dst: some(destination),
    ip: some(fc.constantFrom('*', '443', 'tcp:22', 'udp:53', 'tcp:5000-6000')),
    via: some(tag),
    app: fc.constantFrom(
      { 'tailscale.com/cap/drive': [{ shares: ['*'], access: 'rw' }] },
      { 'tailscale.com/cap/relay': [] },
      { 'example.com/cap': [{ admin: true, groups: ['a', 'b'] }] },
    ),
    srcPosture: some(posture),
  },
  { requiredKeys: ['src', 'dst'] },
);

const ssh = fc.record(
  {
    action: fc.constantFrom('accept', 'check'),
    src: some(fc.oneof(user, group, tag, fc.constant('autogroup:member'))),
    dst: some(fc.oneof(tag, user, fc.constantFrom('autogroup:self', 'autogroup:tagged'))),
    users: some(fc.constantFrom('root', 'autogroup:nonroot', 'ubuntu')),
    checkPeriod: fc.constantFrom('1h', '20h', 'always'),
    acceptEnv: some(fc.constantFrom('*', 'GIT_*')),
    recorder: some(tag),
    enforceRecorder: fc.boolean(),
  },
  { requiredKeys: ['action', 'src', 'dst', 'users'] },
);

/** Policies with few names, so that two of them have much in common. */
export const policy: fc.Arbitrary<PlainPolicy> = fc.record(
  {
    acls: few(acl),
    grants: few(grant),
    ssh: few(ssh),
    groups: keyed(group, few(user)),
    hosts: keyed(host, address),
    ipsets: keyed(
      fc.constant('ipset:lan'),
      some(fc.oneof(address, fc.constantFrom('remove 10.1.2.0/24', 'add host:office'))),
    ),
    postures: keyed(posture, some(condition)),
    defaultSrcPosture: few(posture),
    tagOwners: keyed(tag, few(fc.oneof(user, group, tag, fc.constantFrom('autogroup:admin', 'autogroup:member')))),
    autoApprovers: fc.record(
      {
        routes: keyed(address, some(fc.oneof(user, tag))),
        exitNode: few(tag),
        services: keyed(fc.constant('svc:web'), some(tag)),
      },
      { requiredKeys: [] },
    ),
    nodeAttrs: few(
      fc.record({
        target: some(fc.oneof(tag, user, fc.constant('*'))),
        attr: some(fc.constantFrom('funnel', 'mullvad', 'nextdns:abc')),
      }),
    ),
    tests: few(
      fc.record(
        {
          src: user,
          accept: few(fc.constantFrom('tag:web:443', 'tag:prod:22')),
          deny: few(fc.constantFrom('tag:prod:22', 'tag:ci:80')),
        },
        { requiredKeys: ['src'] },
      ),
    ),
    derpMap: fc.constantFrom({ Regions: {} }, { Regions: { 900: null } }),
    disableIPv4: fc.boolean(),
    extraDNSRecords: few(
      fc.record({
        Name: fc.constantFrom('a.example.com', 'b.example.com'),
        Value: fc.constantFrom('100.64.0.1', '100.64.0.2'),
      }),
    ),
    somethingUnknown: fc.oneof(fc.boolean(), few(fc.nat(3)), keyed(fc.constantFrom('x', 'y', '__proto__'), fc.nat(3))),
  },
  { requiredKeys: [] },
);

/** The same policy with keys, rules and members in another order. */
export function shuffled(value: unknown, random: () => number): unknown {
  if (Array.isArray(value))
    return inAnyOrder(
      value.map((item: unknown) => shuffled(item, random)),
      random,
    );
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    inAnyOrder(Object.entries(value), random).map(([key, member]) => [key, shuffled(member, random)]),
  );
}

function inAnyOrder<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

/** HuJSON with random comments, blanks and trailing commas. */
export function decorated(value: unknown, random: () => number): string {
  const noise = (): string =>
    [' ', '\n', '\t', '\r\n', '// it\'s "quoted", {here}\n', '/* a\n b, ] */', ''][Math.floor(random() * 7)] ?? '';
  const list = (items: readonly string[], open: string, close: string): string => {
    const trailing = items.length > 0 && random() < 0.5 ? ',' : '';
    return `${open}${noise()}${items.join(`${noise()},${noise()}`)}${noise()}${trailing}${noise()}${close}`;
  };
  if (Array.isArray(value))
    return list(
      value.map((item: unknown) => decorated(item, random)),
      '[',
      ']',
    );
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return list(
    Object.entries(value).map(
      ([key, member]) => `${JSON.stringify(key)}${noise()}:${noise()}${decorated(member, random)}`,
    ),
    '{',
    '}',
  );
}

/** A repeatable stream of numbers from 0 to 1. */
export const randomness: fc.Arbitrary<() => number> = fc.nat(2 ** 31 - 1).map((seed) => {
  let state = seed + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
});

import type { Family } from './growth';

/** A policy before and after. */
export type Sides = readonly [old: string, next: string];

type Content = Readonly<Record<string, unknown>>;

/** @param item Characters that one of the `count` items takes in the text, about. */
function policies(name: string, item: number, content: (count: number, isNew: boolean) => Content): Family<Sides> {
  const side = (size: number, isNew: boolean): string =>
    JSON.stringify(content(Math.ceil(size / item), isNew), null, 1);
  return { name, make: (size) => [side(size, false), side(size, true)] };
}

function texts(name: string, make: (size: number, isNew: boolean) => string): Family<Sides> {
  return { name, make: (size) => [make(size, false), make(size, true)] };
}

function list<Item>(count: number, item: (at: number) => Item): Item[] {
  return Array.from({ length: count }, (_, at) => item(at));
}

function keyed<Item>(count: number, entry: (at: number) => readonly [string, Item]): Record<string, Item> {
  return Object.fromEntries(list(count, entry));
}

const address = (at: number): string => `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`;
const ALLOW_ALL = [{ action: 'accept', src: ['*'], dst: ['*:*'] }];

/** Policies that are many of one thing; old and new side differ throughout. */
export const POLICIES_OF_MANY: readonly Family<Sides>[] = [
  policies('rules, each with another port', 90, (n, isNew) => ({
    acls: list(n, (at) => ({ action: 'accept', src: [`u${at}@example.com`], dst: [`tag:t${at}:${isNew ? 80 : 443}`] })),
  })),
  policies('rules that are all new', 90, (n, isNew) => ({
    acls: isNew ? list(n, (at) => ({ action: 'accept', src: [`u${at}@example.com`], dst: [`tag:t${at}:80`] })) : [],
  })),
  policies('rules from everyone to many', 80, (n, isNew) => ({
    acls: list(n, (at) => ({ action: 'accept', src: ['*'], dst: [`tag:t${at}:${isNew ? 80 : 443}`] })),
  })),
  policies('rules from many to everything', 80, (n, isNew) => ({
    acls: list(n, (at) => ({ action: 'accept', src: [`tag:t${at}`], dst: [`*:${isNew ? 80 : 443}`] })),
  })),
  policies('equal rules', 80, (n, isNew) => ({
    acls: list(n, () => ({ action: 'accept', src: ['tag:a'], dst: [`tag:b:${isNew ? 80 : 443}`] })),
  })),
  policies('equal rules of a group', 80, (n, isNew) => ({
    groups: { 'group:g': list(isNew ? 50 : 40, (at) => `u${at}@example.com`) },
    acls: list(n, () => ({ action: 'accept', src: ['group:g'], dst: [`tag:b:${isNew ? 80 : 443}`] })),
  })),
  policies('one rule of many sources', 20, (n, isNew) => ({
    acls: [{ action: 'accept', src: list(n, (at) => `u${at}@example.com`), dst: [`tag:b:${isNew ? 80 : 443}`] }],
  })),
  policies('one rule of many destinations', 16, (n, isNew) => ({
    acls: [{ action: 'accept', src: ['tag:a'], dst: list(n, (at) => `tag:t${at}:${isNew ? 80 : 443}`) }],
  })),
  policies('one rule of many sources and destinations', 36, (n, isNew) => ({
    acls: [
      {
        action: 'accept',
        src: list(n, (at) => `u${at}@example.com`),
        dst: list(n, (at) => `tag:t${at}:${isNew ? 80 : 443}`),
      },
    ],
  })),
  policies('rules over address ranges', 90, (n, isNew) => ({
    acls: list(n, (at) => ({
      action: 'accept',
      src: [`${address(at * 256)}/24`],
      dst: [`${address(at * 16)}/${20 + (at % 12)}:${isNew ? 80 : 443}`],
    })),
  })),
  policies('nested address ranges', 90, (n, isNew) => ({
    acls: list(n, (at) => ({
      action: 'accept',
      src: [`10.0.0.0-${address(at)}`],
      dst: [`10.0.0.0-${address(at)}:${isNew ? 80 : 443}`],
    })),
  })),
  policies('one rule of many ports', 6, (n, isNew) => ({
    acls: [
      {
        action: 'accept',
        src: ['tag:a'],
        dst: [`tag:b:${list(n, (at) => (at * 2 + Number(isNew)) % 65_536).join(',')}`],
      },
    ],
  })),
  policies('rules of 400 ports each', 2_000, (n, isNew) => ({
    acls: list(n, (at) => ({
      action: 'accept',
      src: [`tag:a${at}`],
      dst: [`tag:b:${list(400, (port) => port * 2 + at * 3 + Number(isNew)).join(',')}`],
    })),
  })),
  policies('groups', 50, (n, isNew) => ({
    groups: keyed(n, (at) => [`group:g${at}`, [`u${at}@example.com`, ...(isNew ? [`v${at}@example.com`] : [])]]),
    acls: ALLOW_ALL,
  })),
  policies('groups in rules', 120, (n, isNew) => ({
    groups: keyed(n, (at) => [`group:g${at}`, [`u${at}@example.com`, ...(isNew ? [`v${at}@example.com`] : [])]]),
    acls: list(n, (at) => ({ action: 'accept', src: [`group:g${at}`], dst: [`tag:t${at}:443`] })),
  })),
  policies('members of one group', 20, (n, isNew) => ({
    groups: { 'group:g': list(n, (at) => `u${at}${isNew ? 'x' : ''}@example.com`) },
    acls: [{ action: 'accept', src: ['group:g'], dst: ['tag:t:443'] }],
  })),
  policies('members who moved between groups', 60, (n, isNew) => ({
    groups: keyed(n, (at) => [`group:g${isNew ? at + 1 : at}`, [`u${at}@example.com`, `u${at + 1}@example.com`]]),
    acls: list(Math.ceil(n / 4), (at) => ({ action: 'accept', src: [`group:g${at}`], dst: ['tag:t:443'] })),
  })),
  policies('members who moved into one group', 40, (n, isNew) => ({
    groups: {
      'group:a': list(isNew ? 1 : n, (at) => `u${at}@example.com`),
      'group:b': list(isNew ? n : 1, (at) => `u${at}@example.com`),
    },
    acls: [
      { action: 'accept', src: ['group:b'], dst: ['tag:t:443'] },
      { action: 'accept', src: ['group:a'], dst: ['tag:s:443'] },
    ],
  })),
  policies('groups in groups, a chain', 40, (n, isNew) => ({
    groups: keyed(n, (at) => [`group:g${at}`, [`group:g${at + 1}`, ...(isNew ? ['x@example.com'] : [])]]),
    acls: [{ action: 'accept', src: ['group:g0'], dst: ['tag:t:443'] }],
  })),
  policies('groups in groups, each in the two before', 50, (n, isNew) => ({
    groups: keyed(n, (at) => [
      `group:g${at}`,
      [`group:g${at + 1}`, `group:g${at + 2}`, `u${at}${isNew ? 'x' : ''}@example.com`],
    ]),
    acls: list(n, (at) => ({ action: 'accept', src: [`group:g${at}`], dst: ['tag:t:443'] })),
  })),
  policies('a group of groups that share their members', 40, (n, isNew) => ({
    groups: {
      'group:all': list(n, (at) => `group:g${at}`),
      'group:one': list(n, (at) => `u${at}@example.com`),
      ...keyed(n, (at) => [`group:g${at}`, ['group:one', ...(isNew ? ['x@example.com'] : [])]]),
    },
    acls: [{ action: 'accept', src: ['group:all'], dst: ['tag:t:443'] }],
  })),
  policies('hosts', 35, (n, isNew) => ({
    hosts: keyed(n, (at) => [`h${at}`, address(at + Number(isNew))]),
    acls: list(Math.ceil(n / 4), (at) => ({ action: 'accept', src: ['tag:a'], dst: [`h${at}:443`] })),
  })),
  policies('members of one ipset', 18, (n, isNew) => ({
    ipsets: { 'ipset:i': list(n, (at) => `${at % 3 === 0 ? 'remove ' : ''}${address(at * 2 + Number(isNew))}`) },
    acls: [{ action: 'accept', src: ['ipset:i'], dst: ['tag:t:443'] }],
  })),
  policies('ipsets in ipsets', 40, (n, isNew) => ({
    ipsets: keyed(n, (at) => [`ipset:i${at}`, [`add ipset:i${at + 1}`, address(at + Number(isNew))]]),
    acls: [{ action: 'accept', src: ['ipset:i0'], dst: ['tag:t:443'] }],
  })),
  policies('tag owners', 40, (n, isNew) => ({
    tagOwners: keyed(n, (at) => [`tag:t${at}`, [`u${at + Number(isNew)}@example.com`]]),
    acls: ALLOW_ALL,
  })),
  policies('tags that own the next tag', 120, (n, isNew) => ({
    tagOwners: keyed(n, (at) => [`tag:t${at}`, [`tag:t${at + 1 + Number(isNew)}`]]),
    acls: list(n, (at) => ({ action: 'accept', src: [`tag:t${at}`], dst: [`tag:t${at + 1}:443`] })),
  })),
  policies('owners of one tag', 20, (n, isNew) => ({
    tagOwners: { 'tag:t': list(n, (at) => `u${at}${isNew ? 'x' : ''}@example.com`) },
    acls: ALLOW_ALL,
  })),
  policies('renamed tags', 80, (n, isNew) => ({
    tagOwners: keyed(10, (at) => [`tag:${isNew ? 'n' : 'o'}${at}`, ['autogroup:admin']]),
    acls: list(n, (at) => ({ action: 'accept', src: [`tag:${isNew ? 'n' : 'o'}${at % 10}`], dst: [`tag:t${at}:443`] })),
  })),
  policies('approvers of routes', 40, (n, isNew) => ({
    autoApprovers: { routes: keyed(n, (at) => [`${address(at * 256)}/24`, [`tag:t${at + Number(isNew)}`]]) },
    acls: ALLOW_ALL,
  })),
  policies('approvers of nested routes', 40, (n, isNew) => ({
    autoApprovers: {
      routes: keyed(n, (at) => [`${address(at * 7)}/${8 + (at % 24)}`, [`tag:t${at % 5}${isNew ? 'x' : ''}`]]),
    },
    acls: ALLOW_ALL,
  })),
  policies('ssh rules', 110, (n, isNew) => ({
    ssh: list(n, (at) => ({
      action: isNew ? 'accept' : 'check',
      src: [`u${at}@example.com`],
      dst: [`tag:t${at}`],
      users: ['root'],
    })),
    acls: ALLOW_ALL,
  })),
  policies('one ssh rule of many', 45, (n, isNew) => ({
    ssh: [
      {
        action: isNew ? 'accept' : 'check',
        src: list(n, (at) => `u${at}@example.com`),
        dst: list(n, (at) => `tag:t${at}`),
        users: list(20, (at) => `user${at}`),
      },
    ],
    acls: ALLOW_ALL,
  })),
  policies('accounts of one ssh rule', 12, (n, isNew) => ({
    ssh: [
      { action: isNew ? 'accept' : 'check', src: ['group:a'], dst: ['tag:t'], users: list(n, (at) => `user${at}`) },
    ],
    acls: ALLOW_ALL,
  })),
  policies('grants with capabilities', 140, (n, isNew) => ({
    grants: list(n, (at) => ({
      src: [`u${at}@example.com`],
      dst: ['tag:t'],
      app: { 'example.com/cap/x': [{ admin: isNew, id: at }] },
    })),
  })),
  policies('values of one capability', 30, (n, isNew) => ({
    grants: [
      { src: ['tag:a'], dst: ['tag:t'], app: { 'example.com/cap/x': list(n, (at) => ({ admin: isNew, id: at })) } },
    ],
  })),
  policies('members of one value of a capability', 14, (n, isNew) => ({
    grants: [
      {
        src: ['tag:a'],
        dst: ['tag:t'],
        app: { 'example.com/cap/x': [{ groups: list(n, (at) => `g${at + Number(isNew)}`) }] },
      },
    ],
  })),
  policies('capabilities of one grant', 30, (n, isNew) => ({
    grants: [{ src: ['tag:a'], dst: ['tag:t'], app: keyed(n, (at) => [`example.com/cap/c${at}`, [{ admin: isNew }]]) }],
  })),
  policies('routers of one grant', 10, (n, isNew) => ({
    grants: list(2, (rule) => ({
      src: ['tag:a'],
      dst: ['tag:t'],
      ip: ['*'],
      via: list(n >> 1, (at) => `tag:v${at * 2 + rule + Number(isNew)}`),
    })),
  })),
  policies('protocols of one grant', 12, (n, isNew) => ({
    grants: [{ src: ['tag:a'], dst: ['tag:t'], ip: list(n, (at) => `p${at}:${isNew ? 80 : 443}`) }],
  })),
  policies('conditions of one posture', 40, (n, isNew) => ({
    postures: { 'posture:p': list(n, (at) => `node:osVersion >= '${at}.${isNew ? 1 : 2}'`) },
    defaultSrcPosture: ['posture:p'],
    acls: ALLOW_ALL,
  })),
  policies('postures of one rule', 45, (n, isNew) => ({
    postures: keyed(n, (at) => [`posture:p${at}`, [`node:osVersion >= '${at}.${isNew ? 1 : 2}'`]]),
    acls: [{ action: 'accept', src: ['tag:a'], dst: ['tag:t:80'], srcPosture: list(n, (at) => `posture:p${at}`) }],
  })),
  policies('values of one condition', 8, (n, isNew) => ({
    postures: { 'posture:p': [`node:os IN [${list(n, (at) => `'o${at + Number(isNew)}'`).join(', ')}]`] },
    defaultSrcPosture: ['posture:p'],
    acls: ALLOW_ALL,
  })),
  policies('node attributes', 60, (n, isNew) => ({
    nodeAttrs: list(n, (at) => ({ target: [`tag:t${at}`], attr: [isNew ? 'funnel' : 'mullvad'] })),
    acls: ALLOW_ALL,
  })),
  policies('connectors of one attribute', 30, (n, isNew) => ({
    nodeAttrs: [
      {
        target: ['*'],
        app: {
          'tailscale.com/app-connectors': [
            { connectors: list(n, (at) => `tag:c${at}`), domains: list(n, (at) => `d${at}${isNew ? 'x' : ''}.com`) },
          ],
        },
      },
    ],
    acls: ALLOW_ALL,
  })),
  policies('targets and attributes of one entry', 30, (n, isNew) => ({
    nodeAttrs: [{ target: list(n, (at) => `tag:t${at}`), attr: list(n, (at) => `nextdns:${at}${isNew ? 'x' : ''}`) }],
    acls: ALLOW_ALL,
  })),
  policies('tests', 90, (n, isNew) => ({
    tests: list(n, (at) => ({
      src: `u${at}@example.com`,
      accept: ['tag:t:80'],
      deny: [`tag:t${at}:${isNew ? 80 : 443}`],
    })),
    acls: ALLOW_ALL,
  })),
  policies('one test of many', 40, (n, isNew) => ({
    tests: [{ src: list(n, (at) => `u${at}@example.com`), deny: list(n, (at) => `tag:t${at}:${isNew ? 80 : 443}`) }],
    acls: ALLOW_ALL,
  })),
  policies('ssh tests', 90, (n, isNew) => ({
    sshTests: list(n, (at) => ({ src: `u${at}@example.com`, dst: ['tag:t'], deny: [isNew ? 'root' : 'ubuntu'] })),
    acls: ALLOW_ALL,
  })),
  policies('DNS records', 60, (n, isNew) => ({
    extraDNSRecords: list(n, (at) => ({ Name: `n${at}.example.com`, Value: address(at + Number(isNew)) })),
    acls: ALLOW_ALL,
  })),
  policies('unknown sections', 20, (n, isNew) => ({ ...keyed(n, (at) => [`x${at}`, isNew]), acls: ALLOW_ALL })),
  policies('keys of an unknown section', 12, (n, isNew) => ({
    unknown: keyed(n, (at) => [`x${at}`, isNew]),
    acls: ALLOW_ALL,
  })),
];

/** Policies that are long in one thing, and texts that are hardly policies. */
export const LONG_POLICIES: readonly Family<Sides>[] = [
  policies('one long name', 1, (n, isNew) => ({
    acls: [{ action: 'accept', src: [`${'x'.repeat(n)}${isNew ? 1 : 2}`], dst: ['*:*'] }],
  })),
  policies('one long destination of colons', 1, (n, isNew) => ({
    acls: [{ action: 'accept', src: ['*'], dst: [`${':'.repeat(n)}${isNew ? 1 : 2}`] }],
  })),
  policies('one long destination of brackets', 1, (n, isNew) => ({
    acls: [{ action: 'accept', src: ['*'], dst: [`${'[]'.repeat(n / 2)}:${isNew ? 1 : 2}`] }],
  })),
  policies('one long source of at signs', 1, (n, isNew) => ({
    acls: [{ action: 'accept', src: [`${'a@'.repeat(n / 2)}${isNew ? 1 : 2}`], dst: ['*:*'] }],
  })),
  policies('one long source of digits and dots', 1, (n, isNew) => ({
    acls: [{ action: 'accept', src: [`${'1.'.repeat(n / 2)}${isNew ? 1 : 2}`], dst: ['*:*'] }],
  })),
  policies('one long condition of blanks', 1, (n, isNew) => ({
    postures: { 'posture:p': [`node:os${' '.repeat(n)}== '${isNew ? 1 : 2}'`] },
    acls: ALLOW_ALL,
  })),
  policies('one long condition of ands', 1, (n, isNew) => ({
    postures: { 'posture:p': [`${'a&& '.repeat(n / 4)}${isNew ? 1 : 2}`] },
    acls: ALLOW_ALL,
  })),
  policies('one long condition of equal signs', 1, (n, isNew) => ({
    postures: { 'posture:p': [`a ${'= '.repeat(n / 2)}${isNew ? 1 : 2}`] },
    acls: ALLOW_ALL,
  })),
  policies('one long period', 1, (n, isNew) => ({
    ssh: [
      {
        action: 'check',
        checkPeriod: `${'1'.repeat(n)}${isNew ? 'h' : 'x'}`,
        src: ['*'],
        dst: ['tag:a'],
        users: ['root'],
      },
    ],
    acls: ALLOW_ALL,
  })),
  policies('one long group name of capitals', 1, (n, isNew) => ({
    groups: { [`group:${'aB'.repeat(n / 2)}`]: [`${isNew ? 'x' : 'y'}@example.com`] },
    acls: ALLOW_ALL,
  })),
  policies('one long ipset entry', 1, (n, isNew) => ({
    ipsets: { 'ipset:i': [`add${' '.repeat(n)}${isNew ? '10.0.0.1' : '10.0.0.2'}`] },
    acls: [{ action: 'accept', src: ['ipset:i'], dst: ['*:1'] }],
  })),
  texts('comment on one line', (size, isNew) => `// ${'word '.repeat(size / 5)}${String(isNew)}\n{"acls": []}`),
  texts(
    'comment over many lines',
    (size, isNew) => `/*${`${isNew ? 'new' : 'old'} line\n`.repeat(size / 9)}*/{"acls": []}`,
  ),
  texts('line comments', (size, isNew) => `${`// ${isNew ? 'new' : 'old'} line\n`.repeat(size / 12)}{"acls": []}`),
  texts(
    'line comments, each another',
    (size, isNew) => `${list(size / 16, (at) => `// ${isNew ? 'n' : 'o'}${at}\n`).join('')}{"acls": []}`,
  ),
  texts('short comments', (size) => `${'/**/'.repeat(size / 4)}{"acls": []}`),
  texts('empty lines', (size, isNew) => `${(isNew ? '\r\n' : '\n').repeat(size / 2)}{"acls": []}`),
  texts(
    'lines of which each second differs',
    (size, isNew) => `${list(size / 24, (at) => `// ${at}\n// ${isNew ? at : -at}\n`).join('')}{"acls": []}`,
  ),
  texts(
    'lines in reverse',
    (size, isNew) =>
      `${list(size / 12, (at) => `// ${isNew ? Math.ceil(size / 12) - at : at}\n`).join('')}{"acls": []}`,
  ),
  texts(
    'two lines in turn',
    (size, isNew) => `${list(size / 5, (at) => `//${(at * (isNew ? 7 : 5)) % 3}\n`).join('')}{"acls": []}`,
  ),
  texts('lines without a parse', (size, isNew) => (isNew ? 'a\n' : 'b\n').repeat(size / 2)),
  texts('duplicate keys', (size, isNew) => `{${'"a":1,'.repeat(size / 6)}"acls":[],"b":${String(isNew)}}`),
  texts(
    'duplicate keys of many names',
    (size, isNew) =>
      `{"groups":{${list(size / 30, (at) => `"group:${at % (size / 60)}":["${isNew ? 'a' : 'b'}@example.com"],`).join('')}},"acls":[]}`,
  ),
  texts(
    'duplicate keys, deep down',
    (size, isNew) => `${'{"a":'.repeat(150)}{${'"a":1,'.repeat(size / 6)}"b":${String(isNew)}}${'}'.repeat(150)}`,
  ),
  texts('duplicate sections', (size, isNew) => `{${'"acls":[],"ACLs":[],'.repeat(size / 20)}"b":${String(isNew)}}`),
  texts('brackets', (size, isNew) => (isNew ? '[' : '{"a":').repeat(size / 5)),
  texts(
    'values 190 levels deep',
    (size, isNew) => `{"x":[${`${'['.repeat(190)}${String(isNew)}${']'.repeat(190)},`.repeat(size / 386)}]}`,
  ),
  texts('empty lists', (size, isNew) => `{"x":[${(isNew ? '[],' : '{},').repeat(size / 3)}],"acls":[]}`),
  texts('one long number', (size, isNew) => `{"x":${'1'.repeat(size)}${isNew ? '' : '2'}}`),
  texts('one long string of escapes', (size, isNew) => `{"x":"${'\\n'.repeat(size / 2)}${isNew ? 1 : 2}"}`),
  texts('one long string of quotes', (size, isNew) => `{"x":"${'\\"'.repeat(size / 2)}${isNew ? 1 : 2}"}`),
];

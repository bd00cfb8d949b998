import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChangeKind } from '../../../lib/policy/change-kind';
import { diffPolicy } from '../../../lib/policy/policy-diff';

const fixtures = join(__dirname, '../../fixtures/policies');
const fixture = (name: string): string => readFileSync(join(fixtures, name), 'utf8');
const pair = (name: string): [string, string] => [
  fixture(`pairs/${name}.old.hujson`),
  fixture(`pairs/${name}.new.hujson`),
];

const acl = (src: string, dst: string): object => ({ action: 'accept', src: [src], dst: [dst] });

describe('diff of two policy files', () => {
  it('says in one line what a change did', () => {
    const old =
      '{\n  "groups": {"group:admins": ["a@example.com"]},\n  "acls": [\n    {"action": "accept", "src": ["group:admins"], "dst": ["tag:web:22"]},\n  ],\n}\n';
    const next = old
      .replace('"a@example.com"', '"a@example.com", "b@example.com"')
      .replace('\n  ],', '\n    {"action": "accept", "src": ["*"], "dst": ["tag:web:443"]},\n  ],');
    expect(diffPolicy(old, next)).toMatchObject({
      summary: '1 rule added, group:admins +1, 2 findings (1 high)',
      changeKind: 'widened',
      truncated: false,
      addedLines: 2,
      removedLines: 1,
      sections: [
        {
          section: 'acls',
          state: 'changed',
          before: 1,
          after: 2,
          added: [
            { key: null, path: 'acls[1]', line: 5, value: { action: 'accept', src: ['*'], dst: ['tag:web:443'] } },
          ],
          removed: [],
          changed: [],
        },
        {
          section: 'groups',
          changed: [
            {
              key: 'group:admins',
              path: 'groups["group:admins"]',
              line: 2,
              oldLine: 2,
              fields: [{ field: 'members', added: ['b@example.com'], removed: [] }],
            },
          ],
        },
      ],
      findings: [
        {
          id: 'GROUP-PRIV-ADD',
          severity: 'high',
          section: 'groups',
          path: 'groups["group:admins"]',
          line: 2,
          evidence: 'group:admins +1: b@example.com',
          isNew: true,
        },
        {
          id: 'ACL-WILD-SRC',
          severity: 'medium',
          section: 'acls',
          path: 'acls[1]',
          line: 5,
          evidence: '* to tag:web:443',
          isNew: true,
        },
      ],
      affectedRules: [{ section: 'acls', path: 'acls[0]', line: 4, aliases: ['group:admins'] }],
      standing: [],
      cuts: [],
    });
  });

  it('pairs a rule with what it was, and names the fields that differ', () => {
    const old = {
      acls: [{ action: 'accept', src: ['group:a', 'group:b'], dst: ['tag:web:80'] }, acl('group:x', 'tag:y:1')],
    };
    const next = {
      ACLs: [
        acl('group:x', 'tag:y:1'),
        { Action: 'accept', Users: ['group:b', 'group:a'], Ports: ['tag:web:80,443'], srcPosture: ['posture:p'] },
      ],
    };
    expect(diffPolicy(old, next).sections).toMatchObject([
      {
        added: [],
        removed: [],
        changed: [
          {
            path: 'acls[1]',
            oldPath: 'acls[0]',
            fields: [
              { field: 'dst', added: ['tag:web:80,443'], removed: ['tag:web:80'] },
              { field: 'srcPosture', added: ['posture:p'], removed: [] },
            ],
          },
        ],
      },
    ]);
  });

  it('pairs a rule with what it was on quite other ports', () => {
    const sections = [
      {
        section: 'acls',
        added: [],
        removed: [],
        changed: [{ path: 'acls[0]', fields: [{ field: 'dst', added: ['tag:x:*'], removed: ['tag:x:22,80,443'] }] }],
      },
    ];
    expect(
      diffPolicy({ acls: [acl('group:a', 'tag:x:22,80,443')] }, { acls: [acl('group:a', 'tag:x:*')] }),
    ).toMatchObject({ sections, summary: '1 rule changed, 1 finding' });
  });

  it('does not take two unlike rules for one', () => {
    expect(
      diffPolicy({ acls: [acl('group:a', 'tag:x:22')] }, { acls: [acl('group:b', 'tag:y:443')] }).sections,
    ).toMatchObject([{ added: [{}], removed: [{}], changed: [] }]);
  });

  it.each<[ChangeKind, string, unknown, unknown]>([
    [
      'narrowed',
      'a rule is gone',
      { acls: [acl('a@x.com', 'tag:web:22'), acl('b@x.com', 'tag:web:22')] },
      { acls: [acl('a@x.com', 'tag:web:22')] },
    ],
    [
      'narrowed',
      'a destination narrowed',
      { acls: [acl('a@x.com', '10.0.0.0/8:22')] },
      { acls: [acl('a@x.com', '10.1.0.0/16:22')] },
    ],
    [
      'narrowed',
      'a posture came',
      { acls: [acl('a@x.com', 'tag:web:22')] },
      { acls: [{ ...acl('a@x.com', 'tag:web:22'), srcPosture: ['posture:p'] }] },
    ],
    ['narrowed', 'everything was allowed, and rules came', {}, { acls: [acl('a@x.com', 'tag:web:22')] }],
    [
      'narrowed',
      'the default posture replaced a stricter rule by rule one with as strict a one',
      { acls: [acl('a@x.com', 'tag:web:22')] },
      { defaultSrcPosture: ['posture:p'], acls: [acl('a@x.com', 'tag:web:22')] },
    ],
    [
      'widened',
      'a used group grew',
      { groups: { 'group:a': [] }, acls: [acl('group:a', 'tag:web:22')] },
      { groups: { 'group:a': ['a@x.com'] }, acls: [acl('group:a', 'tag:web:22')] },
    ],
    [
      'widened',
      'an ipset within an ipset grew',
      { ipsets: { 'ipset:a': ['ipset:b'], 'ipset:b': ['10.0.0.0/24'] }, acls: [acl('*', 'ipset:a:22')] },
      { ipsets: { 'ipset:a': ['ipset:b'], 'ipset:b': ['10.0.0.0/23'] }, acls: [acl('*', 'ipset:a:22')] },
    ],
    ['widened', 'the rules are gone altogether', { acls: [acl('a@x.com', 'tag:web:22')] }, {}],
    ['widened', 'the file is gone', { acls: [acl('a@x.com', 'tag:web:22')] }, ''],
    ['widened', 'the first file', null, { acls: [acl('a@x.com', 'tag:web:22')] }],
    [
      'widened',
      'a denial is no longer tested',
      { acls: [], tests: [{ src: 'a@x.com', deny: ['tag:web:22'] }] },
      { acls: [] },
    ],
    [
      'widened',
      'an owner came, beside changes without direction',
      { derpMap: { a: 1 }, tagOwners: { 'tag:a': [] } },
      { derpMap: { a: 2 }, tagOwners: { 'tag:a': ['a@x.com'] } },
    ],
    ['mixed', 'one for another', { acls: [acl('a@x.com', 'tag:web:22')] }, { acls: [acl('b@x.com', 'tag:web:22')] }],
    [
      'mixed',
      'a check for fewer users',
      { acls: [], ssh: [{ action: 'accept', src: ['a@x.com'], dst: ['tag:a'], users: ['root'] }] },
      { acls: [], ssh: [{ action: 'check', src: ['a@x.com', 'b@x.com'], dst: ['tag:a'], users: ['root'] }] },
    ],
    [
      'cosmetic',
      'a group written out',
      { groups: { 'group:a': ['a@x.com', 'b@x.com'] }, acls: [acl('group:a', 'tag:web:22')] },
      { acls: [{ action: 'accept', src: ['b@x.com', 'a@x.com'], dst: ['tag:web:22'] }] },
    ],
    [
      'cosmetic',
      'acls became grants',
      { acls: [{ ...acl('a@x.com', 'tag:web:22'), proto: 'tcp' }] },
      { grants: [{ src: ['a@x.com'], dst: ['tag:web'], ip: ['tcp:22'] }] },
    ],
    [
      'cosmetic',
      'a host got a name',
      { acls: [acl('*', '10.0.0.1:22')] },
      { hosts: { box: '10.0.0.1' }, acls: [acl('*', 'box:22')] },
    ],
    [
      'cosmetic',
      'a rule that another one covers is gone',
      { acls: [acl('*', '*:*'), acl('a@x.com', 'tag:web:22')] },
      { acls: [acl('*', '*:*')] },
    ],
    [
      'cosmetic',
      'a tag with its rules was renamed',
      { tagOwners: { 'tag:a': ['a@x.com'], 'tag:c': [] }, acls: [acl('tag:a', 'tag:c:22')] },
      { tagOwners: { 'tag:b': ['a@x.com'], 'tag:c': [] }, acls: [acl('tag:b', 'tag:c:22')] },
    ],
    [
      'cosmetic',
      'a subnet is written as its halves',
      { acls: [acl('a@x.com', '10.0.0.0/24:22')] },
      { acls: [{ action: 'accept', src: ['a@x.com'], dst: ['10.0.0.0/25:22', '10.0.0.128/25:22'] }] },
    ],
    [
      'cosmetic',
      'subnets are joined that rules of their own had named',
      { acls: [acl('10.0.0.0/25', 'tag:web:22'), acl('10.0.0.128/25', 'tag:web:22')] },
      { acls: [acl('10.0.0.0/24', 'tag:web:22')] },
    ],
    [
      'widened',
      'subnets are joined with what lay between them',
      { acls: [{ action: 'accept', src: ['a@x.com'], dst: ['10.0.0.0/26:22', '10.0.0.128/25:22'] }] },
      { acls: [acl('a@x.com', '10.0.0.0/24:22')] },
    ],
    [
      'widened',
      'subnets are joined, one of which had fewer ports',
      { acls: [{ action: 'accept', src: ['a@x.com'], dst: ['10.0.0.0/25:22', '10.0.0.128/25:22,80'] }] },
      { acls: [acl('a@x.com', '10.0.0.0/24:22,80')] },
    ],
    ['unknown', 'relays', { acls: [], derpMap: { a: 1 } }, { acls: [], derpMap: { a: 2 } }],
    ['unknown', 'a section that nobody knows', { acls: [] }, { acls: [], new: 1 }],
  ])('calls it %s when %s', (kind, _, old, next) => {
    expect(diffPolicy(old, next).changeKind).toBe(kind);
  });

  it('still gives the line diff when one side does not parse, and says where it does not', () => {
    const result = diffPolicy('{"acls": []}\n', '{"acls": [\n}\n');
    expect(result).toMatchObject({
      changeKind: 'unknown',
      sections: [],
      addedLines: 2,
      removedLines: 1,
      parseError: { side: 'new', line: 2, column: 1 },
    });
    expect(result.findings).toMatchObject([{ id: 'PARSE-ERROR', severity: 'medium', line: 2 }]);
    expect(diffPolicy('{', '{}')).toMatchObject({ changeKind: 'unknown', findings: [], parseError: { side: 'old' } });
    expect(diffPolicy('[]', 7)).toMatchObject({ parseError: { side: 'both' } });
    expect(diffPolicy('{', '{')).toMatchObject({ changeKind: 'cosmetic', unified: '', findings: [] });
  });

  it('takes an object, null and CRLF text alike', () => {
    const policy = { acls: [acl('*', 'tag:web:443')] };
    expect(diffPolicy(policy, JSON.stringify(policy, null, 2).replaceAll('\n', '\r\n'))).toMatchObject({
      changeKind: 'cosmetic',
      addedLines: 0,
      removedLines: 0,
      sections: [],
    });
    expect(diffPolicy(null, undefined)).toMatchObject({
      summary: 'nothing changed',
      unified: '',
      changeKind: 'cosmetic',
      sections: [],
      findings: [],
    });
    expect(diffPolicy('', policy)).toMatchObject({ removedLines: 0, sections: [{ section: 'acls', state: 'added' }] });
  });

  it('counts what was there before', () => {
    const old = { acls: [acl('*', '*:*'), acl('*', 'tag:web:443')] };
    expect(diffPolicy(old, { acls: [...old.acls, acl('autogroup:danger-all', 'tag:web:443')] })).toMatchObject({
      findings: [{ id: 'ACL-DANGER-ALL' }],
      standing: [
        { id: 'ACL-ALLOW-ALL', severity: 'high', count: 1 },
        { id: 'ACL-WILD-SRC', severity: 'medium', count: 1 },
      ],
    });
  });

  it('shows the first of many, and says what it left out', () => {
    const many = (count: number): object => ({
      groups: { 'group:all': Array.from({ length: count }, (_, user) => `u${user}@example.com`) },
      acls: Array.from({ length: count }, (_, rule) => acl('*', `tag:t${rule}:443`)),
    });
    const result = diffPolicy({ acls: [] }, many(500));
    expect(result.cuts).toEqual(
      expect.arrayContaining([
        { path: 'sections.acls.added', shown: 100, total: 500 },
        { path: 'sections.groups.added.value', shown: 100, total: 500 },
        { path: 'findings', shown: 100, total: 501 },
      ]),
    );
    expect(result.summary).toBe('500 rules added, group:all new (500), 501 findings');
    expect(JSON.stringify(result).length).toBeLessThan(240 * 1024);
  });

  it('gives up on two policies of 5 MB, every rule of which differs, and says so loudly', () => {
    const many = (port: number): string =>
      JSON.stringify(
        { acls: Array.from({ length: 47_000 }, (_, rule) => acl(`user${rule}@example.com`, `tag:t${rule}:${port}`)) },
        null,
        1,
      );
    const [old, next] = [many(443), many(80)];
    expect(old.length).toBeGreaterThan(5 * 1024 * 1024);
    const result = diffPolicy(old, next);
    expect(result).toMatchObject({
      changeKind: 'unknown',
      truncated: true,
      parseError: { side: 'both', message: 'more than 75000 values' },
    });
    // It must not be a way to hide a change.
    expect(result.findings).toHaveLength(1);
  });

  // Looked through again for each destination, the group would take minutes.
  it('takes a long group that reaches many destinations', () => {
    const groups = { 'group:all': Array.from({ length: 70_000 }, (_, user) => `u${user}@example.com`) };
    const dst = Array.from({ length: 1_000 }, (_, tag) => `tag:t${tag}:443`);
    expect(
      diffPolicy({ groups, acls: [] }, { groups, acls: [{ action: 'accept', src: ['group:all'], dst }] }),
    ).toMatchObject({ changeKind: 'widened', summary: '1 rule added' });
  });
});

describe('policy files', () => {
  const names = readdirSync(fixtures).filter((name) => name.endsWith('.hujson'));

  it.each(names)('%s parses, and differs from nothing else by its order', (name) => {
    const text = fixture(name);
    expect(diffPolicy('', text)).not.toHaveProperty('parseError');
    expect(diffPolicy(text, text)).toMatchObject({ changeKind: 'cosmetic', findings: [] });
  });

  it.each<[string, ChangeKind, readonly string[]]>([
    ['cosmetic', 'cosmetic', []],
    ['narrowed', 'narrowed', []],
    [
      'opened',
      'widened',
      [
        'ACL-ALL-PORTS',
        'ACL-ALLOW-ALL',
        'ACL-INTERNET',
        'ACL-MEMBER-TO-PROD',
        'ACL-SENSITIVE-PORT',
        'GROUP-ADD',
        'GROUP-EXTERNAL',
        'GROUP-PRIV-ADD',
        'TAGOWNER-BROAD',
        'TESTS-LOOSENED',
      ],
    ],
    [
      'grants-loosened',
      'mixed',
      [
        'ACL-SUBNET-WIDE',
        'ALIAS-RETARGET',
        'GRANT-APP-PRIV',
        'GRANT-VIA-REMOVED',
        'POSTURE-REMOVED',
        'POSTURE-WEAKENED',
      ],
    ],
    ['renamed', 'widened', ['GROUP-PRIV-ADD', 'TAGOWNER-ADDED']],
    [
      'exit-node-and-ssh',
      'mixed',
      [
        'AUTOAPPROVE-EXIT',
        'AUTOAPPROVE-ROUTE',
        'DERP-CHANGED',
        'FUNNEL-ADDED',
        'SSH-CHECK-TO-ACCEPT',
        'SSH-RECORDER-OFF',
        'SSH-ROOT-ACCEPT',
      ],
    ],
  ])('the change %s is %s and brought in %j', (name, kind, ids) => {
    const result = diffPolicy(...pair(name));
    expect(result.changeKind).toBe(kind);
    expect([...new Set(result.findings.map(({ id }) => id))].sort()).toEqual(ids);
  });
});

describe('a policy that is too much to compare', () => {
  const groups = Object.fromEntries(Array.from({ length: 1_500 }, (_, group) => [`group:g${group}`, ['group:one']]));
  const crowd = { 'group:one': Array.from({ length: 1_500 }, (_, user) => `u${user}@example.com`) };
  const policy = (port: number) => ({
    groups: { ...groups, ...crowd, 'group:all': Object.keys(groups) },
    acls: [acl('group:all', `tag:web:${port}`)],
  });

  it('is not judged, and says so', () => {
    expect(diffPolicy(policy(80), policy(443))).toMatchObject({
      changeKind: 'unknown',
      sections: [{ section: 'acls' }],
      cuts: expect.arrayContaining([
        expect.objectContaining({ path: 'findings' }),
        expect.objectContaining({ path: 'standing' }),
      ]) as unknown,
    });
  });
});

import type { ChangeKind } from '../../../lib/policy/compare/change-kind';
import { diffPolicy } from '../../../lib/policy/policy-diff';

const acl = (src: string | string[], dst: string | string[], more = {}) => ({
  action: 'accept',
  src: [src].flat(),
  dst: [dst].flat(),
  ...more,
});
const acls = (...rules: object[]) => ({ acls: rules });
const web = acl('a@x.com', 'tag:web:22');

describe('diff of two policy files', () => {
  it('reports a change in one line, by section and as findings', () => {
    const old =
      '{\n  "groups": {"group:admins": ["a@example.com"]},\n  "acls": [\n    {"action": "accept", "src": ["group:admins"], "dst": ["tag:web:22"]},\n  ],\n}\n';
    const next = old
      .replace('"a@example.com"', '"a@example.com", "b@example.com"')
      .replace('\n  ],', '\n    {"action": "accept", "src": ["*"], "dst": ["tag:web:443"]},\n  ],');
    const admins = { section: 'groups', path: 'groups["group:admins"]', line: 2 };
    const rule = { section: 'acls', path: 'acls[1]', line: 5 };
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
          added: [{ key: null, path: 'acls[1]', line: 5, value: acl('*', 'tag:web:443') }],
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
        { id: 'GROUP-PRIV-ADD', severity: 'high', ...admins, evidence: 'group:admins +1: b@example.com', isNew: true },
        { id: 'ACL-WILD-SRC', severity: 'medium', ...rule, evidence: '* to tag:web:443', isNew: true },
      ],
      affectedRules: [{ section: 'acls', path: 'acls[0]', line: 4, aliases: ['group:admins'] }],
      standing: [],
      cuts: [],
    });
  });

  it('pairs a rule with its old version, also in legacy spelling, and lists the changed fields', () => {
    const old = acls(acl(['group:a', 'group:b'], 'tag:web:80'), acl('group:x', 'tag:y:1'));
    const next = {
      ACLs: [
        acl('group:x', 'tag:y:1'),
        { Action: 'accept', Users: ['group:b', 'group:a'], Ports: ['tag:web:80,443'], srcPosture: ['posture:p'] },
      ],
    };
    const fields = [
      { field: 'dst', added: ['tag:web:80,443'], removed: ['tag:web:80'] },
      { field: 'srcPosture', added: ['posture:p'], removed: [] },
    ];
    expect(diffPolicy(old, next).sections).toMatchObject([
      { added: [], removed: [], changed: [{ path: 'acls[1]', oldPath: 'acls[0]', fields }] },
    ]);
  });

  it('pairs rules with the same ends and other ports, and does not pair rules with other ends', () => {
    const old = acls(acl('group:a', 'tag:x:22,80,443'));
    const fields = [{ field: 'dst', added: ['tag:x:*'], removed: ['tag:x:22,80,443'] }];
    expect(diffPolicy(old, acls(acl('group:a', 'tag:x:*')))).toMatchObject({
      sections: [{ added: [], removed: [], changed: [{ path: 'acls[0]', fields }] }],
      summary: '1 rule changed, 1 finding',
    });
    expect(diffPolicy(old, acls(acl('group:b', 'tag:y:443'))).sections).toMatchObject([
      { added: [{}], removed: [{}], changed: [] },
    ]);
  });

  const group = (...members: string[]) => ({ groups: { 'group:a': members }, ...acls(acl('group:a', 'tag:web:22')) });
  const nested = (range: string) => ({
    ipsets: { 'ipset:a': ['ipset:b'], 'ipset:b': [range] },
    ...acls(acl('*', 'ipset:a:22')),
  });
  const tag = (name: string) => ({
    tagOwners: { [name]: ['a@x.com'], 'tag:c': [] },
    ...acls(acl(name, 'tag:c:22')),
  });
  const owned = (derp: number, ...owners: string[]) => ({ derpMap: { a: derp }, tagOwners: { 'tag:a': owners } });
  const ssh = (action: string, ...src: string[]) => ({
    ...acls(),
    ssh: [{ action, src, dst: ['tag:a'], users: ['root'] }],
  });
  const to = (...dst: string[]) => acls(acl('a@x.com', dst));

  it.each<[ChangeKind, string, unknown, unknown]>([
    ['narrowed', 'a rule is removed', acls(web, acl('b@x.com', 'tag:web:22')), acls(web)],
    ['narrowed', 'a destination is narrowed', to('10.0.0.0/8:22'), to('10.1.0.0/16:22')],
    ['narrowed', 'a posture is added', acls(web), acls({ ...web, srcPosture: ['posture:p'] })],
    ['narrowed', 'rules replace the default that allows everything', {}, acls(web)],
    ['narrowed', 'a default posture is added', acls(web), { defaultSrcPosture: ['posture:p'], ...acls(web) }],
    ['widened', 'a member is added to a used group', group(), group('a@x.com')],
    ['widened', 'a range grows in an ipset within an ipset', nested('10.0.0.0/24'), nested('10.0.0.0/23')],
    ['widened', 'acls are removed', acls(web), {}],
    ['widened', 'the file is removed', acls(web), ''],
    ['widened', 'the first file is written', null, acls(web)],
    ['widened', 'a denial is removed', { ...acls(), tests: [{ src: 'a@x.com', deny: ['tag:web:22'] }] }, acls()],
    ['widened', 'an owner is added together with a change of unknown direction', owned(1), owned(2, 'a@x.com')],
    ['mixed', 'one source replaces another', acls(web), acls(acl('b@x.com', 'tag:web:22'))],
    ['mixed', 'a check is added and a source too', ssh('accept', 'a@x.com'), ssh('check', 'a@x.com', 'b@x.com')],
    [
      'cosmetic',
      'a group is replaced by its members',
      group('a@x.com', 'b@x.com'),
      acls(acl(['b@x.com', 'a@x.com'], 'tag:web:22')),
    ],
    [
      'cosmetic',
      'acls become grants',
      acls({ ...web, proto: 'tcp' }),
      { grants: [{ src: ['a@x.com'], dst: ['tag:web'], ip: ['tcp:22'] }] },
    ],
    ['cosmetic', 'a host gets a name', to('10.0.0.1:22'), { hosts: { box: '10.0.0.1' }, ...to('box:22') }],
    ['cosmetic', 'a rule is removed that another rule includes', acls(acl('*', '*:*'), web), acls(acl('*', '*:*'))],
    ['cosmetic', 'a tag is renamed with its rules', tag('tag:a'), tag('tag:b')],
    ['cosmetic', 'a subnet is split into halves', to('10.0.0.0/24:22'), to('10.0.0.0/25:22', '10.0.0.128/25:22')],
    [
      'cosmetic',
      'the subnets of two rules are joined',
      acls(acl('10.0.0.0/25', 'tag:web:22'), acl('10.0.0.128/25', 'tag:web:22')),
      acls(acl('10.0.0.0/24', 'tag:web:22')),
    ],
    [
      'widened',
      'subnets are joined with the addresses between them',
      to('10.0.0.0/26:22', '10.0.0.128/25:22'),
      to('10.0.0.0/24:22'),
    ],
    [
      'widened',
      'subnets are joined of which one had fewer ports',
      to('10.0.0.0/25:22', '10.0.0.128/25:22,80'),
      to('10.0.0.0/24:22,80'),
    ],
    ['unknown', 'the DERP map changes', { ...acls(), derpMap: { a: 1 } }, { ...acls(), derpMap: { a: 2 } }],
    ['unknown', 'an unknown section is added', acls(), { ...acls(), new: 1 }],
  ])('is %s when %s', (kind, _, old, next) => {
    expect(diffPolicy(old, next).changeKind).toBe(kind);
  });

  it('gives the line diff and the error when a side does not parse', () => {
    const result = diffPolicy('{"acls": []}\n', '{"acls": [\n}\n');
    expect(result).toMatchObject({
      changeKind: 'unknown',
      sections: [],
      addedLines: 2,
      removedLines: 1,
      parseError: { side: 'new', line: 2, column: 1 },
      findings: [{ id: 'PARSE-ERROR', severity: 'medium', line: 2 }],
    });
    expect(diffPolicy('{', '{}')).toMatchObject({ changeKind: 'unknown', findings: [], parseError: { side: 'old' } });
    expect(diffPolicy('[]', 7)).toMatchObject({ parseError: { side: 'both' } });
    expect(diffPolicy('{', '{')).toMatchObject({ changeKind: 'cosmetic', unified: '', findings: [] });
  });

  it('accepts an object, null, undefined and CRLF text', () => {
    const policy = acls(acl('*', 'tag:web:443'));
    const same = { changeKind: 'cosmetic', addedLines: 0, removedLines: 0, sections: [] };
    expect(diffPolicy(policy, JSON.stringify(policy, null, 2).replaceAll('\n', '\r\n'))).toMatchObject(same);
    expect(diffPolicy(null, undefined)).toMatchObject({ ...same, summary: 'nothing changed', unified: '' });
    expect(diffPolicy('', policy)).toMatchObject({ removedLines: 0, sections: [{ section: 'acls', state: 'added' }] });
  });

  it('counts pre-existing findings', () => {
    const old = [acl('*', '*:*'), acl('*', 'tag:web:443')];
    expect(diffPolicy(acls(...old), acls(...old, acl('autogroup:danger-all', 'tag:web:443')))).toMatchObject({
      findings: [{ id: 'ACL-DANGER-ALL' }],
      standing: [
        { id: 'ACL-ALLOW-ALL', severity: 'high', count: 1 },
        { id: 'ACL-WILD-SRC', severity: 'medium', count: 1 },
      ],
    });
  });

  it('bounds its lists and reports what it left out', () => {
    const result = diffPolicy(acls(), {
      groups: { 'group:all': users(500) },
      ...acls(...Array.from({ length: 500 }, (_, rule) => acl('*', `tag:t${rule}:443`))),
    });
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

  it('reports two policies of 5 MB as too large, with a finding, so that size cannot hide a change', () => {
    const large = (port: number) =>
      JSON.stringify(acls(...users(47_000).map((user, at) => acl(user, `tag:t${at}:${port}`))), null, 1);
    const [old, next] = [large(443), large(80)];
    expect(old.length).toBeGreaterThan(5 * 1024 * 1024);
    expect(diffPolicy(old, next)).toMatchObject({
      changeKind: 'unknown',
      truncated: true,
      parseError: { side: 'both', message: 'more than 75000 values' },
      findings: [{ id: 'PARSE-ERROR' }],
    });
  });

  // Without a cache the members would be compared once for each destination, which takes minutes.
  it('compares a group of 70,000 members that reaches 1,000 destinations', () => {
    const groups = { 'group:all': users(70_000) };
    const dst = Array.from({ length: 1_000 }, (_, at) => `tag:t${at}:443`);
    expect(diffPolicy({ groups, ...acls() }, { groups, ...acls(acl('group:all', dst)) })).toMatchObject({
      changeKind: 'widened',
      summary: '1 rule added',
    });
  });

  it('reports a comparison that stopped early', () => {
    const groups = Object.fromEntries(Array.from({ length: 1_500 }, (_, at) => [`group:g${at}`, ['group:one']]));
    const policy = (port: number) => ({
      groups: { ...groups, 'group:one': users(1_500), 'group:all': Object.keys(groups) },
      ...acls(acl('group:all', `tag:web:${port}`)),
    });
    const { changeKind, sections, cuts } = diffPolicy(policy(80), policy(443));
    expect({ changeKind, sections }).toMatchObject({ changeKind: 'unknown', sections: [{ section: 'acls' }] });
    expect(cuts.map(({ path }) => path)).toEqual(expect.arrayContaining(['findings', 'standing']));
  });
});

function users(count: number): string[] {
  return Array.from({ length: count }, (_, user) => `u${user}@example.com`);
}

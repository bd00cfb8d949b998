import * as fc from 'fast-check';
import type { ChangeKind } from '../../../lib/policy/compare/change-kind';
import { readPolicy, type Policy } from '../../../lib/policy/parse/policy';
import { diffPolicy } from '../../../lib/policy/policy-diff';
import { semanticDiff, type SectionDiff } from '../../../lib/policy/compare/semantic-diff';
import { applyDiff, contentOf } from './apply';
import { acl, decorated, policy, randomness, shuffled } from './arbitrary';

const runs = { numRuns: 60 };

function read(plain: unknown): Policy {
  const side = readPolicy(JSON.stringify(plain));
  if ('error' in side) throw new Error(side.error.message);
  return side;
}

describe('laws of a policy diff', () => {
  it('finds nothing between a policy and itself', () => {
    fc.assert(
      fc.property(policy, (a) => {
        expect(diffPolicy(a, a)).toMatchObject({
          unified: '',
          addedLines: 0,
          removedLines: 0,
          changeKind: 'cosmetic',
          sections: [],
          findings: [],
          affectedRules: [],
          cuts: [],
        });
      }),
      runs,
    );
  });

  it('calls comments and formatting alone cosmetic', () => {
    fc.assert(
      fc.property(policy, randomness, (a, random) => {
        expect(diffPolicy(decorated(a, random), decorated(a, random))).toMatchObject({
          changeKind: 'cosmetic',
          sections: [],
          findings: [],
          affectedRules: [],
        });
      }),
      runs,
    );
  });

  it('does not see the order of rules, members and keys', () => {
    fc.assert(
      fc.property(policy, randomness, (a, random) => {
        expect(diffPolicy(a, shuffled(a, random))).toMatchObject({
          changeKind: 'cosmetic',
          sections: [],
          findings: [],
        });
      }),
      runs,
    );
  });

  it('tells the same change backwards when the sides are swapped', () => {
    fc.assert(
      fc.property(policy, policy, (a, b) => {
        const [there, back] = [diffPolicy(a, b), diffPolicy(b, a)];
        expect(back.sections.map(mirrored)).toEqual(there.sections.map(sorted));
        expect(back.changeKind).toBe(MIRRORED[there.changeKind]);
        expect([back.addedLines, back.removedLines]).toEqual([there.removedLines, there.addedLines]);
      }),
      runs,
    );
  });

  it('gives the new side when its changes are applied to the old one', () => {
    fc.assert(
      fc.property(policy, policy, (a, b) => {
        const [old, next] = [read(a), read(b)];
        expect(new Map([...applyDiff(old, semanticDiff(old, next))].sort())).toEqual(
          new Map([...contentOf(next)].sort()),
        );
      }),
      runs,
    );
  });

  it('never says that taking acls away opened something', () => {
    fc.assert(
      fc.property(policy, fc.array(acl, { minLength: 1, maxLength: 6 }), fc.nat(), (a, rules, which) => {
        const result = diffPolicy(
          { ...a, acls: rules },
          { ...a, acls: rules.filter((_, at) => at !== which % rules.length) },
        );
        expect(['narrowed', 'cosmetic']).toContain(result.changeKind);
        expect(result.findings).toEqual([]);
      }),
      runs,
    );
  });

  it('never says that an added acl took something away', () => {
    fc.assert(
      fc.property(policy, fc.array(acl, { minLength: 1, maxLength: 4 }), acl, (a, rules, more) => {
        expect(['widened', 'cosmetic']).toContain(
          diffPolicy({ ...a, acls: rules }, { ...a, acls: [...rules, more] }).changeKind,
        );
      }),
      runs,
    );
  });

  it('does not care in how many rules the same access is written', () => {
    fc.assert(
      fc.property(policy, fc.array(acl, { minLength: 1, maxLength: 3 }), (a, rules) => {
        const split = rules.flatMap((rule) =>
          rule.src.flatMap((src) => rule.dst.map((dst) => ({ ...rule, src: [src], dst: [dst] }))),
        );
        expect(diffPolicy({ ...a, acls: rules }, { ...a, acls: split })).toMatchObject({
          changeKind: 'cosmetic',
          findings: [],
        });
      }),
      runs,
    );
  });

  it('does not care whether a range of addresses is written whole or in parts', () => {
    const range = fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '192.168.1.0/24', '0.0.0.0/0', '2001:db8::/32');
    const halves: Readonly<Record<string, readonly string[]>> = {
      '10.0.0.0/8': ['10.0.0.0/9', '10.128.0.0/9'],
      '10.1.0.0/16': ['10.1.0.0/17', '10.1.128.0/18', '10.1.192.0/18'],
      '192.168.1.0/24': ['192.168.1.0-192.168.1.9', '192.168.1.10-192.168.1.255'],
      '0.0.0.0/0': ['0.0.0.0/1', '128.0.0.0/1'],
      '2001:db8::/32': ['2001:db8::/33', '2001:db8:8000::/33'],
    };
    const rule = fc.record({
      src: fc.uniqueArray(range, { minLength: 1, maxLength: 2 }),
      dst: fc.uniqueArray(range, { minLength: 1, maxLength: 2 }),
      ip: fc.constantFrom(['*'], ['tcp:22']),
    });
    fc.assert(
      fc.property(policy, fc.array(rule, { minLength: 1, maxLength: 3 }), (a, rules) => {
        const parts = (names: readonly string[]): string[] => names.flatMap((name) => halves[name] ?? []);
        const cut = rules.map(({ src, dst, ip }) => ({ src: parts(src), dst: parts(dst), ip }));
        expect(diffPolicy({ ...a, grants: rules }, { ...a, grants: cut })).toMatchObject({
          changeKind: 'cosmetic',
          findings: [],
        });
        expect(diffPolicy({ ...a, grants: cut }, { ...a, grants: rules })).toMatchObject({
          changeKind: 'cosmetic',
          findings: [],
        });
      }),
      runs,
    );
  });

  it('does not take the renaming of a group, host or posture for a change of access', () => {
    const names = fc.constantFrom(['group:dev', 'group:builders'], ['office', 'hq'], ['posture:mac', 'posture:apple']);
    fc.assert(
      fc.property(policy, names, (a, [from = '', to = '']) => {
        const old = {
          acls: [],
          ...a,
          tests: [],
          groups: { 'group:dev': ['ann@example.com'] },
          hosts: { office: '10.1.0.0/16' },
          postures: { 'posture:mac': ['node:tsAutoUpdate'] },
        };
        const next: unknown = JSON.parse(JSON.stringify(old).replaceAll(`"${from}`, `"${to}`));
        expect(diffPolicy(old, next)).toMatchObject({ changeKind: 'cosmetic', findings: [] });
      }),
      runs,
    );
  });

  it('gives a plain, bounded answer to anything at all', () => {
    const side = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withMap: true }),
      fc.string({ unit: 'binary' }),
      policy,
      fc.json(),
      policy.map((a) => JSON.stringify(a).slice(0, -1)),
    );
    fc.assert(
      fc.property(side, side, (a, b) => {
        const result = diffPolicy(a, b);
        expect(JSON.parse(JSON.stringify(result))).toEqual(result);
        expect(result.summary).not.toMatch(/\n/);
      }),
      { numRuns: 300 },
    );
  });
});

const MIRRORED: Readonly<Record<ChangeKind, ChangeKind>> = {
  cosmetic: 'cosmetic',
  unknown: 'unknown',
  mixed: 'mixed',
  widened: 'narrowed',
  narrowed: 'widened',
};

function sorted(diff: SectionDiff): unknown {
  const byText = (items: readonly object[]): string[] => items.map((item) => JSON.stringify(item)).sort();
  return { ...diff, added: byText(diff.added), removed: byText(diff.removed), changed: byText(diff.changed) };
}

function mirrored({ section, state, before, after, added, removed, changed }: SectionDiff): unknown {
  return sorted({
    section,
    state: state === 'added' ? 'removed' : state === 'removed' ? 'added' : 'changed',
    before: after,
    after: before,
    added: removed,
    removed: added,
    changed: changed.map((edit) => ({
      ...edit,
      path: edit.oldPath,
      line: edit.oldLine,
      oldPath: edit.path,
      oldLine: edit.line,
      fields: edit.fields.map((field) => ({ ...field, added: field.removed, removed: field.added })),
    })),
  });
}

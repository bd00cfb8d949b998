import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { ChangeKind } from '../../../lib/policy/compare/change-kind';
import { semanticDiff, type EntryEdit, type SectionDiff } from '../../../lib/policy/compare/semantic-diff';
import type { Json } from '../../../lib/policy/parse/hujson';
import { readPolicy, type Policy } from '../../../lib/policy/parse/policy';
import { diffPolicy } from '../../../lib/policy/policy-diff';
import { acl, decorated, policy, randomness, shuffled, type PlainPolicy } from './arbitrary';

const FILES = join(__dirname, '../../fixtures/policies');
const files = readdirSync(FILES).filter((name) => name.endsWith('.hujson'));
const pairs = readdirSync(join(FILES, 'pairs'))
  .filter((name) => name.endsWith('.old.hujson'))
  .map((name) => name.slice(0, -'.old.hujson'.length));
const text = (name: string) => readFileSync(join(FILES, `${name}.hujson`), 'utf8');

const COSMETIC = { changeKind: 'cosmetic', sections: [], findings: [], affectedRules: [] };

/** Asserts a law of one policy, or of a policy and one other value. */
function holds<Other>(other: fc.Arbitrary<Other>, law: (a: PlainPolicy, other: Other) => void, numRuns = 60): void {
  fc.assert(fc.property(policy, other, law), { numRuns });
}

function read(source: string): Policy {
  const side = readPolicy(source);
  if ('error' in side) throw new Error(side.error.message);
  return side;
}

describe('laws of a policy diff', () => {
  it('a policy does not differ from itself', () => {
    holds(fc.constant(null), (a) => {
      expect(diffPolicy(a, a)).toMatchObject({ ...COSMETIC, unified: '', addedLines: 0, removedLines: 0, cuts: [] });
    });
  });

  it('comments and formatting are cosmetic', () => {
    holds(randomness, (a, random) => {
      expect(diffPolicy(decorated(a, random), decorated(a, random))).toMatchObject(COSMETIC);
    });
  });

  it('the order of rules, members and keys is cosmetic', () => {
    holds(randomness, (a, random) => {
      expect(diffPolicy(a, shuffled(a, random))).toMatchObject(COSMETIC);
    });
  });

  it('swapped sides give the mirrored result', () => {
    holds(policy, expectMirrored);
  });

  it('the sections of a diff, applied to the old policy, give the new policy', () => {
    holds(policy, (a, b) => {
      expectApplicable(JSON.stringify(a), JSON.stringify(b));
    });
  });

  it('removing an acl never widens', () => {
    holds(fc.tuple(fc.array(acl, { minLength: 1, maxLength: 6 }), fc.nat()), (a, [rules, which]) => {
      const fewer = rules.filter((_, at) => at !== which % rules.length);
      const result = diffPolicy({ ...a, acls: rules }, { ...a, acls: fewer });
      expect(['narrowed', 'cosmetic']).toContain(result.changeKind);
      expect(result.findings).toEqual([]);
    });
  });

  it('adding an acl never narrows', () => {
    holds(fc.tuple(fc.array(acl, { minLength: 1, maxLength: 4 }), acl), (a, [rules, more]) => {
      const { changeKind } = diffPolicy({ ...a, acls: rules }, { ...a, acls: [...rules, more] });
      expect(['widened', 'cosmetic']).toContain(changeKind);
    });
  });

  it('splitting a rule is cosmetic', () => {
    holds(fc.array(acl, { minLength: 1, maxLength: 3 }), (a, rules) => {
      const split = rules.flatMap((rule) =>
        rule.src.flatMap((src) => rule.dst.map((dst) => ({ ...rule, src: [src], dst: [dst] }))),
      );
      expect(diffPolicy({ ...a, acls: rules }, { ...a, acls: split })).toMatchObject({
        changeKind: 'cosmetic',
        findings: [],
      });
    });
  });

  it('splitting and joining address ranges is cosmetic', () => {
    const halves: Readonly<Record<string, readonly string[]>> = {
      '10.0.0.0/8': ['10.0.0.0/9', '10.128.0.0/9'],
      '10.1.0.0/16': ['10.1.0.0/17', '10.1.128.0/18', '10.1.192.0/18'],
      '192.168.1.0/24': ['192.168.1.0-192.168.1.9', '192.168.1.10-192.168.1.255'],
      '0.0.0.0/0': ['0.0.0.0/1', '128.0.0.0/1'],
      '2001:db8::/32': ['2001:db8::/33', '2001:db8:8000::/33'],
    };
    const ranges = fc.uniqueArray(fc.constantFrom(...Object.keys(halves)), { minLength: 1, maxLength: 2 });
    const rule = fc.record({ src: ranges, dst: ranges, ip: fc.constantFrom(['*'], ['tcp:22']) });
    holds(fc.array(rule, { minLength: 1, maxLength: 3 }), (a, grants) => {
      const split = (names: readonly string[]) => names.flatMap((name) => halves[name] ?? []);
      const [whole, parts] = [
        { ...a, grants },
        { ...a, grants: grants.map(({ src, dst, ip }) => ({ src: split(src), dst: split(dst), ip })) },
      ];
      for (const [old, next] of [
        [whole, parts],
        [parts, whole],
      ])
        expect(diffPolicy(old, next)).toMatchObject({ changeKind: 'cosmetic', findings: [] });
    });
  });

  it('renaming a group, host or posture is cosmetic', () => {
    const names = fc.constantFrom(['group:dev', 'group:builders'], ['office', 'hq'], ['posture:mac', 'posture:apple']);
    holds(names, (a, [from = '', to = '']) => {
      const old = {
        acls: [],
        ...a,
        tests: [],
        groups: { 'group:dev': ['ann@example.com'] },
        hosts: { office: '10.1.0.0/16' },
        postures: { 'posture:mac': ['node:tsAutoUpdate'] },
      };
      const next = JSON.stringify(old).replaceAll(`"${from}`, `"${to}`);
      expect(diffPolicy(old, next)).toMatchObject({ changeKind: 'cosmetic', findings: [] });
    });
  });

  it('any two values give a plain result with a summary of one line', () => {
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

describe('policy files', () => {
  it.each(files)('%s parses, and does not differ from itself', (file) => {
    const source = text(file.slice(0, -'.hujson'.length));
    expect(diffPolicy('', source)).not.toHaveProperty('parseError');
    expect(diffPolicy(source, source)).toMatchObject(COSMETIC);
  });

  it.each(pairs)('the change %s can be applied and mirrored', (pair) => {
    const [old, next] = [text(`pairs/${pair}.old`), text(`pairs/${pair}.new`)];
    expectApplicable(old, next);
    expectMirrored(old, next);
  });
});

function expectApplicable(a: string, b: string): void {
  const [old, next] = [read(a), read(b)];
  expect(new Map([...applyDiff(old, semanticDiff(old, next))].sort())).toEqual(new Map([...contentOf(next)].sort()));
}

const MIRRORED: Readonly<Record<ChangeKind, ChangeKind>> = {
  cosmetic: 'cosmetic',
  unknown: 'unknown',
  mixed: 'mixed',
  widened: 'narrowed',
  narrowed: 'widened',
};

function expectMirrored(a: unknown, b: unknown): void {
  const [there, back] = [diffPolicy(a, b), diffPolicy(b, a)];
  expect(back.sections.map(mirrored)).toEqual(there.sections.map(sorted));
  expect(back.changeKind).toBe(MIRRORED[there.changeKind]);
  expect([back.addedLines, back.removedLines]).toEqual([there.removedLines, there.addedLines]);
}

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

/** Section name to its entries as `key` and JSON text, sorted. */
type Content = ReadonlyMap<string, readonly string[]>;

const line = (key: string | null, value: Json): string => `${key ?? '-'} ${JSON.stringify(value)}`;

/** The content of a policy without empty sections. An empty acls or grants is content: it denies everything. */
function contentOf(policy: Policy): Content {
  return new Map(
    [...policy.sections.keys()].flatMap((section) => {
      const entries = policy.entries(section).map(({ key, value }) => line(key, value));
      return entries.length > 0 || ['acls', 'grants'].includes(section) ? [[section, entries.sort()]] : [];
    }),
  );
}

/** The content of the old policy with the changes of a diff. */
function applyDiff(old: Policy, sections: readonly SectionDiff[]): Content {
  const content = new Map(contentOf(old));
  for (const { section, state, added, removed, changed } of sections) {
    const byPath = new Map(old.entries(section).map((entry) => [entry.path, entry]));
    for (const { path } of removed) byPath.delete(path);
    const kept = changed.map((edit) => {
      const before = byPath.get(edit.oldPath);
      byPath.delete(edit.oldPath);
      return line(edit.key, edited(before?.value ?? null, edit));
    });
    const entries = [
      ...[...byPath.values()].map(({ key, value }) => line(key, value)),
      ...kept,
      ...added.map(({ key, value }) => line(key, value)),
    ];
    if (state === 'removed' || (entries.length === 0 && !['acls', 'grants'].includes(section))) content.delete(section);
    else content.set(section, entries.sort());
  }
  return content;
}

function edited(value: Json, { key, fields }: EntryEdit): Json {
  const isRule = key === null && typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isRule)
    return fields.reduce(
      (before, { field, added, removed }) =>
        field === 'members' ? members(before, added, removed) : (added[0] ?? null),
      value,
    );
  const rule = new Map<string, Json>(Object.entries(value));
  for (const { field, added, removed } of fields) {
    const before = rule.get(field);
    const isWhole =
      [...added, ...removed].some((item) => typeof item !== 'string') ||
      (before !== undefined && !Array.isArray(before)) ||
      isScalar(field);
    const after = isWhole ? added[0] : members(before ?? [], added, removed);
    if (after === undefined || (!isWhole && Array.isArray(after) && after.length === 0)) rule.delete(field);
    else rule.set(field, after);
  }
  return Object.fromEntries([...rule].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isScalar(field: string): boolean {
  return ['action', 'proto', 'checkPeriod', 'enforceRecorder'].includes(field);
}

function members(before: Json, added: readonly Json[], removed: readonly Json[]): Json {
  const list: readonly Json[] = Array.isArray(before) ? before : [];
  return [...list.filter((item) => !removed.includes(item)), ...added].sort();
}

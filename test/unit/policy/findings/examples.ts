import { diffPolicy } from '../../../../lib/policy/policy-diff';

type Example = readonly [what: string, old: unknown, next: unknown];

/** For each finding, changes that must and changes that must not be reported as it. */
type Examples = Readonly<
  Record<string, { readonly reported: readonly Example[]; readonly notReported: readonly Example[] }>
>;

/** Declares the tests of a family of findings. */
export function testFindings(family: readonly { readonly id: string }[], examples: Examples): void {
  const rows = (list: 'reported' | 'notReported') =>
    Object.entries(examples).flatMap(([id, of]) => of[list].map(([what, old, next]) => ({ id, what, old, next })));
  const idsOf = (old: unknown, next: unknown) => diffPolicy(old, next).findings.map(({ id }) => id);

  it('has both kinds of examples for every finding', () => {
    expect(Object.keys(examples).sort()).toEqual(family.map(({ id }) => id).sort());
    expect(Object.values(examples).flatMap((of) => [of.reported.length, of.notReported.length])).not.toContain(0);
  });

  it.each(rows('reported'))('reports $id: $what', ({ id, old, next }) => {
    expect(idsOf(old, next)).toContain(id);
  });

  it.each(rows('notReported'))('does not report $id: $what', ({ id, old, next }) => {
    expect(idsOf(old, next)).not.toContain(id);
  });
}

type Fields = Readonly<Record<string, unknown>>;

export const acl = (src: string, dst: string, more: Fields = {}): Fields => ({
  action: 'accept',
  src: [src],
  dst: [dst],
  ...more,
});
export const acls = (...rules: readonly Fields[]) => ({ acls: rules });
export const grant = (src: string, dst: string, more: Fields = {}) => ({
  grants: [{ src: [src], dst: [dst], ...more }],
});
/** A policy without acls and with one SSH rule: `group:dev` to `ubuntu` on `tag:web`. */
export const ssh = (more: Fields = {}) => ({ acls: [], ssh: [sshRule(more)] });
export const sshRule = (more: Fields = {}): Fields => ({
  action: 'accept',
  src: ['group:dev'],
  dst: ['tag:web'],
  users: ['ubuntu'],
  ...more,
});

export const web = acl('group:dev', 'tag:web:443');
export const dev = ['a@example.com', 'b@example.com'];
export const staff = { 'group:dev': dev, 'group:qa': ['c@example.com'] };

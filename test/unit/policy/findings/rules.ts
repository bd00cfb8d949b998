/** Rules and sections of a policy, for examples. */
export type Rule = Readonly<Record<string, unknown>>;

export const acl = (src: string, dst: string, more: Rule = {}): Rule => ({
  action: 'accept',
  src: [src],
  dst: [dst],
  ...more,
});
export const grant = (src: string, dst: string, more: Rule = {}): Rule => ({ src: [src], dst: [dst], ...more });
export const ssh = (src: string, dst: string, users: readonly string[], more: Rule = {}): Rule => ({
  action: 'accept',
  src: [src],
  dst: [dst],
  users,
  ...more,
});
export const acls = (...rules: readonly Rule[]): Rule => ({ acls: rules });
export const grants = (...rules: readonly Rule[]): Rule => ({ grants: rules });
export const sshRules = (...rules: readonly Rule[]): Rule => ({ acls: [], ssh: rules });

export const web = acl('group:dev', 'tag:web:443');
export const staff = { 'group:dev': ['a@example.com', 'b@example.com'], 'group:qa': ['c@example.com'] };

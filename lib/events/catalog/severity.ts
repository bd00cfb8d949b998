import type { Severity } from '../../contract/audit-event';

/** The severity table. Action names are compared exactly. */
const HIGH: ReadonlySet<string> = new Set(
  `acl:update acl:delete device:approve device:delete device:expire_key routes:approve routes:set_advertised auth_key:create
  auth_key:delete user:invite user:delete user:role_update oidc:update saml:update tailnet:transfer_ownership tailnet:delete
  webhook:create webhook:update webhook:delete settings:update logging:set_config`.split(/\s+/),
);
const MEDIUM: ReadonlySet<string> = new Set(
  'device:update tag:update posture:create posture:update posture:delete'.split(' '),
);

/** Severity of a canonical action. An action outside the table is medium if it deletes or removes, else info. */
export function severityOf(action: string): Severity {
  if (HIGH.has(action)) return 'high';
  return MEDIUM.has(action) || action.endsWith(':delete') || action.endsWith(':remove') ? 'medium' : 'info';
}

const RANK: Readonly<Record<Severity, number>> = { info: 0, medium: 1, high: 2 };

/** The higher of two severities. */
export function higherSeverity(a: Severity, b: Severity): Severity {
  return RANK[a] >= RANK[b] ? a : b;
}

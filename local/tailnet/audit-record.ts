import { createHash } from 'node:crypto';
import { stringify } from 'lossless-json';
import * as z from 'zod/mini';

const text = z.optional(z.string());

/** The fields of a configuration record that an audit record repeats. */
const configurationRecord = z.object({
  eventTime: z.string(),
  action: z.string(),
  origin: text,
  actor: z.object({ id: text, loginName: text, displayName: text, type: text }),
  target: z.object({ id: text, name: text, type: z.string(), property: text }),
  old: z.optional(z.unknown()),
  new: z.optional(z.unknown()),
  error: text,
});

/**
 * A configuration record as the audit dialect shows it. A record without the configuration shape is returned unchanged.
 * The same record always gets the same id.
 */
export function toAuditRecord(record: object): object {
  const parsed = z.safeParse(configurationRecord, record);
  if (!parsed.success) return record;
  const { eventTime, origin, actor, target, old, new: after, error } = parsed.data;
  return {
    id: `audit-${sha256(stringify(record) ?? '').slice(0, 24)}`,
    action: auditAction(parsed.data),
    actor,
    target: { id: target.id, name: target.name, type: target.type },
    created: eventTime,
    // 203.0.113.0/24 is reserved for documentation (RFC 5737).
    ...(actor.type === 'USER' && { actorIp: `203.0.113.${Number.parseInt(sha256(actor.id ?? '').slice(0, 2), 16)}` }),
    origin,
    old,
    new: after,
    error,
  };
}

function auditAction({ action, origin, target, old, new: after }: z.infer<typeof configurationRecord>): string {
  if (target.type === 'API_KEY')
    return `${/^auth key/i.test(target.name ?? '') ? 'auth_key' : 'api_key'}:${verb(action)}`;
  if (target.property === 'ALLOWED_IPS') return prefixes(after) < prefixes(old) ? 'routes:remove' : 'routes:approve';
  // A device that signs in again renews its key; from anywhere else the time was set to end it.
  if (target.property === 'KEY_EXPIRY_TIME') return origin === 'NODE' ? 'device:renew_key' : 'device:expire_key';
  const native = [target.type, action, target.property].filter((part) => part !== undefined && part !== '').join('.');
  return (
    ACTIONS[native] ??
    SETTINGS[target.property ?? ''] ??
    `${SUBJECTS[target.type] ?? target.type.toLowerCase()}:${verb(action)}`
  );
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}

function verb(action: string): string {
  return action === 'REVOKE' ? 'delete' : action.toLowerCase();
}

function prefixes(routes: unknown): number {
  return Array.isArray(routes) ? routes.length : 0;
}

/** What the product's documentation calls the things that a record can be about. */
const SUBJECTS: Readonly<Partial<Record<string, string>>> = {
  NODE: 'device',
  WEBHOOK_ENDPOINT: 'webhook',
  OAUTH_ACCESS_TOKEN: 'oauth_token',
};

const ACTIONS: Readonly<Partial<Record<string, string>>> = {
  'TAILNET.UPDATE.ACL': 'acl:update',
  'TAILNET.UPDATE.DNS_CONFIG': 'dns:update',
  'TAILNET.ENABLE.MAGIC_DNS': 'dns:enable_magicdns',
  'TAILNET.DISABLE.MAGIC_DNS': 'dns:disable_magicdns',
  'TAILNET.CREATE.POSTURE_INTEGRATION': 'posture:create',
  'TAILNET.UPDATE.POSTURE_INTEGRATION': 'posture:update',
  'TAILNET.DELETE.POSTURE_INTEGRATION': 'posture:delete',
  'USER.UPDATE.USER_ROLE': 'user:role_update',
  'USER.PUSH_USER.ATTRIBUTES': 'user:provision',
  'GROUP.PUSH_GROUP.ATTRIBUTES': 'group:provision',
  'INVITE.CREATE.TAILNET_INVITE': 'user:invite',
  'NODE.UPDATE.ACL_TAGS': 'tag:update',
  'NODE.ENABLE.KEY_EXPIRY': 'device:update',
  'NODE.DISABLE.KEY_EXPIRY': 'device:update',
  'NODE.UPDATE.AUTO_APPROVED_ROUTES': 'routes:approve',
  'NODE.UPDATE.EXIT_NODE': 'routes:set_advertised',
  'FAILED_REQUEST.UPDATE': 'api:request_denied',
};

/** Properties of the tailnet whose every change has one name. */
const SETTINGS: Readonly<Partial<Record<string, string>>> = {
  LOGSTREAM_ENDPOINT: 'logging:set_config',
  NETWORK_FLOW_LOGGING: 'logging:set_config',
  LOG_EXIT_FLOWS: 'logging:set_config',
  COLLECT_POSTURE_IDENTITY: 'settings:update',
  COLLECT_SERVICES: 'settings:update',
  GEOSTEERING: 'settings:update',
  MULLVAD_VPN: 'settings:update',
  HTTPS: 'settings:update',
  FILE_SHARING: 'settings:update',
  MACHINE_APPROVAL_NEEDED: 'settings:update',
  USER_APPROVAL_REQUIRED: 'settings:update',
  MAX_KEY_DURATION: 'settings:update',
  AUTH_PROVIDER: 'oidc:update',
};

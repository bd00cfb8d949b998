import { BlockList, isIP } from 'node:net';
import type { Millis } from '../../domain/time';
import { parseTimestamp } from '../../domain/time';
import { isZeroTime } from '../records/event-time';
import { canonicalJson, field, isJsonObject } from '../../domain/json';

/** The parts of one record that a condition may read. */
export interface ConditionFacts {
  /** null if the record has none. */
  readonly old: unknown;
  readonly new: unknown;
  readonly actionDetails: unknown;
  readonly origin: string | null;
  readonly targetName: string | null;
  readonly eventMillis: Millis | null;
}

export type Condition = (facts: ConditionFacts) => boolean;

/** Tailscale signs in through OIDC. The change concerns SAML only if the record mentions it. */
export const mentionsSaml: Condition = (facts) =>
  [facts.old, facts.new, facts.actionDetails].some((value) => /saml/i.test(canonicalJson(value)));

export const turnsMagicDnsOff: Condition = (facts) => fieldOf(facts.new, 'magicDNS') === false;

/** Roles are a name or a list of names, as label or slug: "Owner", "owner", ["Member", "IT admin"]. */
export const gainsOwner: Condition = (facts) => hasRole(facts.new, 'owner') && !hasRole(facts.old, 'owner');

/** Through the console or the API. A login also changes a key's expiry, but its origin is the node. */
export const changedByAdmin: Condition = ({ origin }) =>
  origin === 'ADMIN_CONSOLE' || origin === 'ADMIN_UI' || origin === 'CONFIG_API';

/** Milliseconds after the record's own time at which a new expiry still means "now". */
const EXPIRES_NOW_SLACK = 60_000;

/** The zero time means "never", not "in the past". */
export const expiresNow: Condition = (facts) => {
  if (!changedByAdmin(facts) || typeof facts.new !== 'string' || facts.eventMillis === null) return false;
  const expiry = parseTimestamp(facts.new);
  return expiry !== null && !isZeroTime(expiry) && expiry <= facts.eventMillis + EXPIRES_NOW_SLACK;
};

export const routesUnknown: Condition = (facts) => !Array.isArray(facts.old) || !Array.isArray(facts.new);

export const addsRoute: Condition = (facts) => minus(facts.new, facts.old).some(isRoute);

export const nodeAddsRoute: Condition = (facts) => facts.origin === 'NODE' && addsRoute(facts);

export const removesRoute: Condition = (facts) => minus(facts.old, facts.new).some(isRoute);

export const addsTag: Condition = (facts) => minus(facts.new, facts.old).length > 0;

export const disablesPosture: Condition = (facts) => fieldOf(facts.new, 'PostureDisabled') === true;

/** Auth keys, API tokens and OAuth clients share one target type. The target's name distinguishes them, else the key's capabilities. */
export const isAuthKey: Condition = (facts) =>
  /^auth key/i.test(facts.targetName ?? '') ||
  members(fieldOf(facts.new, 'capabilities')).some((capability) => capability.includes('NODE_AUTH')) ||
  isThere(fieldOf(facts.new, 'authTags')) ||
  isThere(fieldOf(facts.new, 'domainLevel'));

export const isOauthClient: Condition = (facts) => /oauth client|trust credential/i.test(facts.targetName ?? '');

export const isFederatedIdentity: Condition = (facts) => /federated|workload/i.test(facts.targetName ?? '');

function fieldOf(value: unknown, name: string): unknown {
  return isJsonObject(value) ? field(value, name) : undefined;
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A list's members as text. A single value is a list of one; null and "" (Tailscale's empty list) are empty. */
function members(value: unknown): readonly string[] {
  if (!isThere(value) || value === '') return [];
  return (Array.isArray(value) ? value : [value]).map((member: unknown) =>
    typeof member === 'string' ? member : canonicalJson(member),
  );
}

function minus(value: unknown, taken: unknown): readonly string[] {
  const known = new Set(members(taken));
  return members(value).filter((member) => !known.has(member));
}

function hasRole(value: unknown, role: string): boolean {
  return members(value).some(
    (name) =>
      name
        .trim()
        .toLowerCase()
        .replaceAll(/[\s_]+/g, '-') === role,
  );
}

const OWN_ADDRESSES = new BlockList();
OWN_ADDRESSES.addSubnet('100.64.0.0', 10, 'ipv4');
OWN_ADDRESSES.addSubnet('fd7a:115c:a1e0::', 48, 'ipv6');

/** Whether a prefix is outside the addresses that Tailscale assigns to nodes. Any other text counts as a route, to be safe. */
function isRoute(prefix: string): boolean {
  const [address = '', bits] = prefix.split('/');
  const family = isIP(address);
  if (family === 0) return true;
  const [name, own, whole] = family === 4 ? (['ipv4', 10, 32] as const) : (['ipv6', 48, 128] as const);
  const length = bits === undefined ? whole : Number(bits);
  return !(length >= own && length <= whole && OWN_ADDRESSES.check(address, name));
}

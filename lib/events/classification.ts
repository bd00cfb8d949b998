import { classify, classifyAction, nativeName, type Classification } from './catalog/catalog';
import type { Reading } from './records/reading';

/** The action of a policy change. */
export const POLICY_ACTION = 'acl:update';

/** The action of an OAuth client that exchanges its secret for a token: this connector does so about once an hour. */
export const TOKEN_REQUEST = 'oauth_token:create';

/** What the record's action means. */
export function classificationOf(reading: Reading): Classification {
  if (reading.shape === 'audit') return classifyAction(reading.verb);
  return classify(tripleOf(reading), {
    old: reading.old,
    new: reading.new,
    actionDetails: reading.actionDetails,
    origin: reading.origin,
    targetName: reading.target.name,
    eventMillis: reading.occurredAt?.millis ?? null,
  });
}

/** Tailscale's own name of the action; null in the audit shape, which has none. */
export function nativeOf(reading: Reading): string | null {
  return reading.shape === 'configuration' ? nativeName(tripleOf(reading)) : null;
}

const tripleOf = ({ verb, target }: Reading) => ({ target: target.type, verb, property: target.property });

import { AUDIT_SPELLINGS } from './audit-record';
import { field, isJsonObject } from './json';
import { firstField } from './reading';
import type { Withheld } from './redact';

const KINDS: ReadonlyMap<string, string> = new Map([
  ['BILLING.ADDRESS', 'billing'],
  ['BILLING.EMAIL', 'billing'],
  ['BILLING.PAYMENT_INFO', 'billing'],
  ['BILLING.STRIPE_CUSTOMER_ID', 'billing'],
  ['WEBHOOK_ENDPOINT.SECRET', 'webhook-secret'],
]);

const NONE: Withheld = new Map();

/** Fields of a record whose whole value is nobody's business downstream, with the kind to mark them as. */
export function withheldFields(record: unknown): Withheld {
  const kind = isJsonObject(record) ? kindOf(record) : undefined;
  return kind === undefined ? NONE : new Map([['old', kind], ['new', kind]]);
}

function kindOf(record: Readonly<Record<string, unknown>>): string | undefined {
  const target = firstField(record, AUDIT_SPELLINGS.target).value;
  const known = isJsonObject(target) ? KINDS.get(`${String(field(target, 'type'))}.${String(field(target, 'property'))}`) : undefined;
  // A record that names the canonical action does not say which part of the billing changed, so it may be any.
  return known ?? (String(field(record, 'action')).startsWith('billing:') ? 'billing' : undefined);
}

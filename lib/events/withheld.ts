import { AUDIT_SPELLINGS } from './audit-record';
import { field, isJsonObject, type JsonObject } from './json';
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

function kindOf(record: JsonObject): string | undefined {
  const target = firstField(record, AUDIT_SPELLINGS.target).value;
  const known = isJsonObject(target) ? KINDS.get(`${textField(target, 'type')}.${textField(target, 'property')}`) : undefined;
  // A record that names the canonical action does not say which part of the billing changed, so it may be any.
  return known ?? (textField(record, 'action').startsWith('billing:') ? 'billing' : undefined);
}

/** Only what is a text: turning any other value into one may run code that the record brought along. */
function textField(object: JsonObject, name: string): string {
  const value = field(object, name);
  return typeof value === 'string' ? value : '';
}

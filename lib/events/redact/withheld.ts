import { AUDIT_SPELLINGS } from '../records/audit-record';
import { field, isJsonObject, type JsonObject } from '../../domain/json';
import { firstField } from '../records/reading';
import type { Withheld, WithheldValue } from './redact';
import { isSecretName } from './secret-names';

const BILLING: WithheldValue = { kind: 'billing' };
const WEBHOOK_SECRET: WithheldValue = { kind: 'webhook-secret' };
const WEBHOOK: WithheldValue = { kind: 'webhook-secret', shows: isPublicOfWebhook };

const BILLING_PROPERTIES: ReadonlySet<string> = new Set(['ADDRESS', 'EMAIL', 'PAYMENT_INFO', 'STRIPE_CUSTOMER_ID']);

/** Fields of a webhook endpoint that are not secret. Source: Tailscale API, webhooks. */
const WEBHOOK_FIELDS: ReadonlySet<string> = new Set(
  `id endpointid endpointurl url name type providertype provider status creator creatorloginname createdby created
  lastmodified updated deleted subscriptions subscribedevents events`.split(/\s+/),
);

const NONE: Withheld = new Map();

/** Fields of a record that are not published whatever their value, with the kind of their marks. */
export function withheldFields(record: unknown): Withheld {
  const value = isJsonObject(record) ? withheldValue(record) : undefined;
  if (value === undefined) return NONE;
  return new Map(
    ['old', 'new', ...(value.kind === 'billing' ? [] : AUDIT_SPELLINGS.details)].map((name) => [name, value]),
  );
}

function withheldValue(record: JsonObject): WithheldValue | undefined {
  const target = firstField(record, AUDIT_SPELLINGS.target).value;
  const [type, property] = isJsonObject(target) ? [textField(target, 'type'), textField(target, 'property')] : ['', ''];
  const action = textField(record, 'action');
  if (type === 'BILLING' && BILLING_PROPERTIES.has(property)) return BILLING;
  // A record of the audit form does not say which billing property changed, so all are withheld.
  if (action.startsWith('billing:')) return BILLING;
  if (!/^webhook/i.test(type) && !action.startsWith('webhook:')) return undefined;
  if (isSecretName(property) || /secret|rotate/i.test(action)) return WEBHOOK_SECRET;
  // Without a property the value may be the whole endpoint, or only its new secret.
  return property === '' ? WEBHOOK : undefined;
}

/** A known field of an endpoint, or a list of event names. */
function isPublicOfWebhook(name: string, value: unknown): boolean {
  if (name !== '') return WEBHOOK_FIELDS.has(name.toLowerCase());
  return (
    Array.isArray(value) &&
    value.every((item: unknown) => typeof item === 'string' && /^[a-z][A-Za-z]{2,39}$/.test(item))
  );
}

/** A text field; "" for any other type. */
function textField(object: JsonObject, name: string): string {
  const value = field(object, name);
  return typeof value === 'string' ? value : '';
}

import { isSecretName } from './secret-names';

const LABELS: ReadonlySet<string> = new Set([
  'name',
  'key',
  'field',
  'property',
  'param',
  'parameter',
  'variable',
  'header',
  'label',
]);
const VALUES: ReadonlySet<string> = new Set(['value', 'val', 'content', 'text', 'old', 'new', 'oldvalue', 'newvalue']);

/** Whether a field says what its siblings hold, and says that it is a secret: `{"name": "DB_PASSWORD", "value": "…"}`. */
export function labelsSecret(name: string, value: unknown): boolean {
  return typeof value === 'string' && LABELS.has(name.toLowerCase()) && isSecretName(value);
}

/** Whether a field holds what its sibling names. */
export function isLabelledValue(name: string): boolean {
  return VALUES.has(name.toLowerCase());
}

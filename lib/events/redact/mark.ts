import type { RedactionKind } from './redaction-table';

const KINDS: Readonly<Record<RedactionKind, true>> = {
  'api-token': true,
  'aws-key': true,
  'basic-credentials': true,
  'bearer-token': true,
  billing: true,
  jwt: true,
  'private-key': true,
  property: true,
  'tailscale-key': true,
  'url-credentials': true,
  'webhook-secret': true,
  'webhook-url': true,
};

const MARK = `\\[REDACTED(?: (?:${Object.keys(KINDS).join('|')}))?\\]`;

/** What stands where a secret stood. */
export function mark(kind: RedactionKind): string {
  return `[REDACTED ${kind}]`;
}

/** Sticky. A mark, or what others write: `[REDACTED]`. */
export const MARK_AT = new RegExp(MARK, 'y');

const WHOLE = new RegExp(`^(?:tskey-[A-Za-z0-9-]{0,40})?${MARK}$`);

/** Whether a value is a mark and nothing else, but for the id of a Tailscale key. What only begins like a mark is a value like any other. */
export function isMarked(value: string): boolean {
  return value.length <= MAX_MARKED && WHOLE.test(value);
}

const MAX_MARKED = 100;

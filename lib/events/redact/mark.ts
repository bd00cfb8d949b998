import { isIP } from 'node:net';
import { REDACTION_KINDS, type RedactionKind } from './redaction-table';

const MARK = `\\[REDACTED(?: (?:${REDACTION_KINDS.join('|')}))?\\]`;

/** The text that replaces a secret. */
export function mark(kind: RedactionKind): string {
  return `[REDACTED ${kind}]`;
}

/** Sticky. One of our marks, or the `[REDACTED]` of another program. */
export const MARK_AT = new RegExp(MARK, 'y');

const WHOLE_MARK = new RegExp(`^(?:tskey-[A-Za-z0-9-]{0,40})?${MARK}$`);

/** Characters of the longest mark with a key id, and of a range of two IPv6 addresses. */
const [MAX_MARK, MAX_ADDRESS] = [100, 96];

/**
 * Whether the value of a field with a secret's name is redacted. An empty text, a boolean, a value that is only a mark and
 * an IP address are not: a policy's hosts may have any name, and hiding their addresses would hide a change.
 */
export function isSecretText(value: string): boolean {
  if (value === '' || value.length > MAX_MARK) return value !== '';
  return !WHOLE_MARK.test(value) && !/^(?:true|false|null)$/i.test(value) && !isAddress(value);
}

/** Whether the whole text is an IP address, a prefix or a range of two, as in a policy's hosts. */
export function isAddress(value: string): boolean {
  if (value.length > MAX_ADDRESS) return false;
  const prefix = /^([^/]+)\/\d{1,3}$/.exec(value);
  return value.split('-', 3).every((end) => isIP(prefix?.[1] ?? end) !== 0);
}

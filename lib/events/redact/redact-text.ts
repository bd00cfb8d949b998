import { redactJsonText } from './json-text';
import { mark } from './mark';
import type { RedactionKind } from './redaction-table';
import { NAME_ROOT } from './secret-names';
import { SECRET_FINDERS, TOKEN_PREFIXES } from './secret-forms';
import { replaceRanges } from './text-search';

export interface RedactedText {
  readonly text: string;
  /** Kinds of the secrets, in the order found; empty: the text is unchanged. */
  readonly kinds: readonly RedactionKind[];
}

/**
 * Marks the secrets in a text, as redaction-table.ts lists them. Ids, hosts and names stay, because they say what happened.
 * JSON and HuJSON are redacted string by string and comment by comment, so that no text in them can hide what follows it.
 *
 * The text is Tailscale's and may be 16 MB long; the time is linear in its length.
 */
export function redactText(text: string): RedactedText {
  if (isPlain(text)) return { text, kinds: [] };
  const kinds: RedactionKind[] = [];
  let left = text;
  // A mark may shorten the value before it, so that more counts as secret: repeat until nothing is found.
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const found = redactOnce(left, MAX_NESTING);
    if (found.kinds.length === 0) break;
    left = found.text;
    for (const kind of found.kinds) kinds.push(kind);
  }
  return { text: left, kinds };
}

const MAX_ROUNDS = 4;

/** JSON texts inside strings of JSON texts. */
const MAX_NESTING = 6;

function redactOnce(text: string, nesting: number): RedactedText {
  if (isPlain(text)) return { text, kinds: [] };
  const kinds: RedactionKind[] = [];
  const found = (kind: RedactionKind): string => {
    kinds.push(kind);
    return mark(kind);
  };
  const redactPart = (part: string, isComment: boolean): string => {
    const redacted = redactOnce(part, isComment ? 0 : nesting - 1);
    for (const kind of redacted.kinds) kinds.push(kind);
    return redacted.text;
  };
  const json = nesting > 0 ? redactJsonText(text, redactPart, found) : undefined;
  if (json !== undefined) return { text: json, kinds };
  let left = decodeEscapes(text);
  for (const find of SECRET_FINDERS) left = replaceRanges(left, find(left), ({ kind }) => found(kind));
  return { text: kinds.length === 0 ? text : left, kinds };
}

const ESCAPE =
  /%(?:25){0,3}([2-7][0-9a-f])|\\{1,8}u00([2-7][0-9a-f])|\\{1,8}x([2-7][0-9a-f])|&#x0{0,4}([2-7][0-9a-f]);|&#0{0,4}(\d{2,3});|&(quot|amp|lt|gt|apos);/gi;

const HTML_NAMES: Readonly<Record<string, string>> = { quot: '"', amp: '&', lt: '<', gt: '>', apos: "'" };

/**
 * Replaces the escapes of printable ASCII characters by the characters: percent encoding (except of characters that could
 * end a value), JSON and JavaScript escapes, HTML entities.
 */
function decodeEscapes(text: string): string {
  return text.replaceAll(ESCAPE, (escape, ...groups: (string | undefined)[]) => {
    const [percent, unicode, hex, htmlHex, htmlNumber, htmlName] = groups;
    if (htmlName !== undefined) return HTML_NAMES[htmlName.toLowerCase()] ?? escape;
    const digits = percent ?? unicode ?? hex ?? htmlHex;
    const code = digits === undefined ? Number(htmlNumber) : parseInt(digits, 16);
    const character = code < 0x20 || code > 0x7e ? escape : String.fromCharCode(code);
    return percent !== undefined && !/[\w.~=:/?@-]/.test(character) ? escape : character;
  });
}

/** A text of letters and digits that is shorter than any secret. */
const SHORT = /^[A-Za-z0-9]{0,19}$/;

/** Every secret form needs one of these. */
const CASED_MARKER = new RegExp(`${TOKEN_PREFIXES}|dHNrZXkt|Rza2V5L|0c2tleS`);
const MARKER = new RegExp(
  [
    /tskey-|-----BEGIN|:\\{0,63}\/|\/\/[^\s/:"'<>\\@]{1,100}:[^\s"'<>\\@]{1,200}@|[?&#][\w.%[\]-]{1,64}=|eyJ|bearer[\s\\]|:AA|\dQ~|\.[\w-]{20}/,
    ESCAPE,
    NAME_ROOT,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);

/** Whether a text certainly holds no secret. Most texts are plain, so this decides the speed. */
function isPlain(text: string): boolean {
  return SHORT.test(text) || !(CASED_MARKER.test(text) || MARKER.test(text));
}

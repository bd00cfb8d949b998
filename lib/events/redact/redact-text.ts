import { decodeEscapes, MAY_BE_ESCAPED } from './escapes';
import { redactJsonText } from './json-text';
import { mark, MARK_AT } from './mark';
import { namedValues } from './named-values';
import { BODY_CLASSES, PREFIXES, type BodyClass, type PrefixRow, type RedactionKind } from './redaction-table';
import { isSecretParameter, MAY_NAME_A_SECRET } from './secret-names';
import {
  characterSet,
  createNext,
  endWhile,
  matchAt,
  replaceRanges,
  startWhile,
  type CharacterSet,
  type Range,
} from './text-search';

/** What a text was before its secrets were marked, and which kinds of them. */
export interface RedactedText {
  readonly text: string;
  /** In the order found; empty: the text is as it was. */
  readonly kinds: readonly RedactionKind[];
}

/**
 * A text with its secrets marked: what redaction-table.ts lists. Only the secret goes: ids, hosts and names stay, because
 * they say what happened. What is JSON or HuJSON stays that: it is redacted string by string and comment by comment, so
 * that no text in it can hide what stands outside the text.
 *
 * The text is upstream's and may be 16 MB long. The time is in proportion to its length: whether a value is a secret is
 * decided by its first characters, before its end is looked for, and what was searched for an end is not searched again.
 */
export function redactText(text: string): RedactedText {
  if (isPlain(text)) return { text, kinds: NONE };
  const kinds: RedactionKind[] = [];
  let left = text;
  // A mark may end what went on over it before, so that more is a secret: again until nothing is found.
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const found = redactNested(left, MAX_NESTING);
    if (found.kinds.length === 0) break;
    left = found.text;
    for (const kind of found.kinds) kinds.push(kind);
  }
  return { text: left, kinds };
}

const MAX_ROUNDS = 4;

/** JSON texts within strings of JSON texts. */
const MAX_NESTING = 6;

function redactNested(text: string, nesting: number): RedactedText {
  if (isPlain(text)) return { text, kinds: NONE };
  const kinds: RedactionKind[] = [];
  const found = (kind: RedactionKind): string => {
    kinds.push(kind);
    return mark(kind);
  };
  const inner = (part: string, isComment: boolean): string => {
    const { text: left, kinds: more } = redactNested(part, isComment ? 0 : nesting - 1);
    for (const kind of more) kinds.push(kind);
    return left;
  };
  const json = nesting > 0 ? redactJsonText(text, inner, found) : undefined;
  if (json !== undefined) return { text: json, kinds };
  kinds.length = 0;
  const decoded = decodeEscapes(text);
  const left = STEPS.reduce((before, step) => step(before, found), decoded);
  return { text: kinds.length === 0 ? text : left, kinds };
}

type Found = (kind: RedactionKind) => string;
type Step = (text: string, found: Found) => string;

const NONE: readonly RedactionKind[] = [];

/** Shorter than any secret of letters and digits alone. Most names and values are, and this is the quickest question. */
const SHORT = /^[A-Za-z0-9]{0,19}$/;

const PREFIX = PREFIXES.flatMap(({ prefixes }) => prefixes)
  .sort((a, b) => b.length - a.length)
  .map((prefix) => prefix.replaceAll(/[.+]/g, '\\$&'))
  .join('|');
const TOKEN_PREFIX = new RegExp(PREFIX, 'g');
const TAILSCALE_IN_BASE64 = /dHNrZXkt|Rza2V5L|0c2tleS/g;

/** Every step below needs one of these. */
const MARKERS = [
  new RegExp(`${PREFIX}|${TAILSCALE_IN_BASE64.source}`),
  new RegExp(
    [
      /tskey-|-----BEGIN|:\\{0,63}\/|\/\/[^\s/:"'<>\\@]{1,100}:[^\s"'<>\\@]{1,200}@|[?&#][\w.%[\]-]{1,64}=|eyJ|bearer[\s\\]|:AA|\dQ~|\.[\w-]{20}/,
      MAY_BE_ESCAPED,
      MAY_NAME_A_SECRET,
    ]
      .map(({ source }) => source)
      .join('|'),
    'i',
  ),
];

function isPlain(text: string): boolean {
  return SHORT.test(text) || !MARKERS.some((marker) => marker.test(text));
}

const STEPS: readonly Step[] = [
  redactPrivateKeys,
  redactTailscaleKeys,
  redactBase64,
  redactWebhookHosts,
  redactWebhookPaths,
  redactUserinfo,
  redactQueries,
  redactJwts,
  (text, found) => hideAfter(text, BEARER, BEARER_BODY, 6, () => found('bearer-token')),
  (text, found) =>
    /authorization/i.test(text) ? hideAfter(text, BASIC, BASIC_BODY, 8, () => found('basic-credentials')) : text,
  redactTokens,
  redactTokenForms,
  (text, found) => replaceRanges(text, namedValues(text), () => found('property')),
];

const BEARER = /bearer\s{1,8}/gi;
const BEARER_BODY = characterSet(/[A-Za-z0-9._~+/=-]/);
const BASIC = /basic\s{1,8}/gi;
const BASIC_BODY = characterSet(/[A-Za-z0-9+/=]/);

/** Marks what follows each match, as far as it is of the set, unless it is shorter than `least` or marked already. */
function hideAfter(text: string, before: RegExp, body: CharacterSet, least: number, replacement: () => string): string {
  const ranges: Range[] = [];
  let searched = 0;
  for (const match of text.matchAll(before)) {
    const start = match.index + match[0].length;
    if (match.index < searched) continue;
    const end = endBehindMark(text, start, body);
    if (end - start < least) continue;
    ranges.push({ start, end });
    searched = end;
  }
  return replaceRanges(text, ranges, replacement);
}

/** Where a secret that begins here ends; `start` when a mark alone stands there. */
function endBehindMark(text: string, start: number, body: CharacterSet): number {
  const marked = matchAt(MARK_AT, text, start);
  if (marked === null) return endWhile(text, start, body);
  const behind = start + marked[0].length;
  const end = endWhile(text, behind, body);
  return end === behind ? start : end;
}

const PEM_BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const PEM_END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y;
const PEM_BODY = characterSet(/[\w+/=\s\\:,.()-]/);

/**
 * Without an end line only what can be part of a key goes: quotes and brackets stay, or a text that begins a key and
 * never ends it would hide what follows.
 */
function redactPrivateKeys(text: string, found: Found): string {
  const nextEnd = createNext(text, '-----END ');
  const ranges: Range[] = [];
  let searched = 0;
  for (const match of text.matchAll(PEM_BEGIN)) {
    if (match.index < searched) continue;
    const start = match.index + match[0].length;
    const at = nextEnd(start);
    const bodyEnd = endWhile(text, start, PEM_BODY, at);
    const end = at === bodyEnd ? matchAt(PEM_END, text, at) : null;
    searched = bodyEnd + (end?.[0].length ?? 0);
    ranges.push({ start: match.index, end: end === null ? trimmedEnd(text, start, bodyEnd) : searched });
  }
  return replaceRanges(text, ranges, () => found('private-key'));
}

function trimmedEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && /\s/.test(text.charAt(at - 1))) at -= 1;
  return at;
}

const TAILSCALE_KEY = /tskey-/gi;
const TAILSCALE_PART = characterSet(/[A-Za-z0-9]/);
const TAILSCALE_SECRET = characterSet(/[\w+/=-]/);
const KEY_KINDS: ReadonlySet<string> = new Set(['api', 'auth', 'client', 'scim', 'webhook']);

/** Characters. No kind of key and no id is longer. */
const [LONGEST_KIND, LONGEST_ID] = [12, 24];

/** Ids of keys begin with `k` or end in the name of Tailscale's control plane, and are shorter than any secret. */
const KEY_ID = /^(?:k[a-z0-9]{1,21}|[a-z0-9]{1,17}(?:CNTRL|DEVEL))$/i;

/** Without a secret behind it: is it `tskey-<kind>-<id>`, or `tskey-<kind>-<secret>`, or the oldest form `tskey-<id>-<secret>`? Tokens are logged by id alone. */
function isKeyId(kind: string, rest: string): boolean {
  return kind === 'token' || (KEY_KINDS.has(kind) && KEY_ID.test(rest));
}

/** `tskey-<kind>-<id>` is an id that Tailscale itself logs; what follows is the secret. */
function redactTailscaleKeys(text: string, found: Found): string {
  const ranges: Range[] = [];
  let searched = 0;
  for (const match of text.matchAll(TAILSCALE_KEY)) {
    if (match.index < searched) continue;
    const start = match.index + match[0].length;
    const end = endWhile(text, start, TAILSCALE_SECRET);
    const secret = start + secretOffset(text.slice(start, end), matchAt(MARK_AT, text, end) !== null);
    searched = end;
    if (secret < end) ranges.push({ start: secret, end });
  }
  return replaceRanges(text, ranges, () => found('tailscale-key'));
}

/**
 * Where the secret begins in what stands behind `tskey-`; behind its end when there is none.
 *
 * @param isMarkedBehind A mark follows: the secret was taken out before.
 */
function secretOffset(body: string, isMarkedBehind: boolean): number {
  const kind = body.slice(0, endWhile(body, 0, TAILSCALE_PART));
  const rest = kind.length + 1;
  if (kind === '' || kind.length > LONGEST_KIND || (body.length > kind.length && body.charAt(kind.length) !== '-'))
    return body === '' ? Infinity : 0;
  if (body.length <= rest) return Infinity;
  const id = body.slice(rest, endWhile(body, rest, TAILSCALE_PART));
  const behind = rest + id.length + 1;
  const hasSecret = body.charAt(behind - 1) === '-' && body.length > behind;
  if (hasSecret && id.length <= LONGEST_ID && id !== '') return isBlanked(body.slice(behind)) ? Infinity : behind;
  if (body.length === behind && isMarkedBehind && id.length <= LONGEST_ID) return Infinity;
  return !hasSecret && (isKeyId(kind.toLowerCase(), id) || isBlanked(id)) && body.length <= behind ? Infinity : rest;
}

/** The sender has taken the secret out already. */
function isBlanked(secret: string): boolean {
  return /^(?:redacted|x+)$/i.test(secret);
}

const BASE64 = characterSet(/[\w+/-]/);
const BASE64_LINE = /={0,2}(?:\r?\n(?=[A-Za-z0-9+/_-]{4,80}={0,2}(?:\r?\n|$)))?/y;

/** The letters of `tskey-` in Base64, at each of the three offsets that they may have: the whole run is hidden, and the lines that go on with it. */
function redactBase64(text: string, found: Found): string {
  const ranges: Range[] = [];
  let searched = 0;
  for (const match of text.matchAll(TAILSCALE_IN_BASE64)) {
    if (match.index < searched) continue;
    const start = startWhile(text, match.index, BASE64, match.index - searched);
    let end = match.index;
    for (let before = -1; end > before;) {
      before = end;
      const lineEnd = endWhile(text, end, BASE64);
      end = lineEnd === before ? before : lineEnd + (matchAt(BASE64_LINE, text, lineEnd)?.[0].length ?? 0);
    }
    searched = end;
    ranges.push({ start, end });
  }
  return replaceRanges(text, ranges, () => found('tailscale-key'));
}

const WEBHOOK_HOST =
  /:\\{0,15}\/\\{0,15}\/(?:hooks\.slack\.com|(?:ptb\.|canary\.)?discord(?:app)?\.com|[a-z0-9-]{1,63}\.webhook\.office\.com|outlook\.office(?:365)?\.com|chat\.googleapis\.com|api\.telegram\.org|events\.pagerduty\.com|hooks\.zapier\.com|hook\.[a-z0-9]{1,8}\.make\.com|[a-z0-9.-]{1,200}\.(?:logic\.azure|environment\.api\.powerplatform)\.com)(?::\d{1,5})?\\{0,15}\//gi;
const WEBHOOK_PATH = /\/(?:web)?hooks?(?:b2)?\/(?=[^\s"'<>\\/?#])/gi;
const ADDRESS = characterSet(/[^\s"'<>]/);
const ADDRESS_PART = characterSet(/[^\s"'<>\\]/);

function redactWebhookHosts(text: string, found: Found): string {
  return hideAfter(text, WEBHOOK_HOST, ADDRESS, 1, () => found('webhook-url'));
}

function redactWebhookPaths(text: string, found: Found): string {
  return text.includes('://') ? hideAfter(text, WEBHOOK_PATH, ADDRESS_PART, 1, () => found('webhook-url')) : text;
}

const AUTHORITY = /(:?)\\{0,15}\/\\{0,15}\//g;
const AUTHORITY_PART = characterSet(/[^\s/?#"'<>\\]/);
/** What follows the host of an address with a port is a path, and may hold an `@`. */
const HOST = /^(?:[\w.-]*|\[[^\]]*\]):\d{1,5}$|^\[/;

/** In `//user:password@host` the password may hold any character, unless there is no colon: then the host ends at the first slash. */
function redactUserinfo(text: string, found: Found): string {
  if (!text.includes('@')) return text;
  const nextAt = createNext(text, '@');
  const ranges: Range[] = [];
  let searched = 0;
  for (const match of text.matchAll(AUTHORITY)) {
    if (match.index < searched) continue;
    const start = match.index + match[0].length;
    const first = endWhile(text, start, AUTHORITY_PART);
    const authority = text.slice(start, Math.min(first, start + MAX_USER));
    const colon = authority.indexOf(':');
    searched = first;
    if (colon === -1 && match[1] === '') continue;
    if (colon === -1 && text.charAt(first) === '#' && nextAt(start) >= first)
      searched = endWhile(text, first + 1, AUTHORITY_PART);
    const behindHash = searched > first ? text.slice(first, searched).lastIndexOf('@') : -1;
    if (behindHash !== -1 && text.slice(first, first + behindHash).includes(':')) {
      ranges.push({ start, end: first + behindHash });
      continue;
    }
    const inFirst = nextAt(start) < first ? text.lastIndexOf('@', first - 1) : -1;
    let at = inFirst;
    if (at === -1 && colon > 0 && !HOST.test(authority)) {
      const end = endWhile(text, first, ADDRESS_PART);
      searched = end;
      if (nextAt(first) < end) at = lastAtBeforeHost(text, nextAt(first));
    }
    if (at > start) ranges.push({ start, end: at });
  }
  return replaceRanges(text, ranges, () => found('url-credentials'));
}

/** Characters of a user's name. */
const MAX_USER = 1_000;

function lastAtBeforeHost(text: string, at: number): number {
  return text.lastIndexOf('@', endWhile(text, at, AUTHORITY_PART) - 1);
}

const QUERY = /[?&#]([\w.%[\]-]{1,64})=/g;
const QUERY_VALUE = characterSet(/[^\s&"'<>#;\\]/);

function redactQueries(text: string, found: Found): string {
  const ranges: Range[] = [];
  let searched = 0;
  for (const match of text.matchAll(QUERY)) {
    const [whole, name = ''] = match;
    const start = match.index + whole.length;
    if (match.index < searched || !isSecretParameter(name)) continue;
    searched = endBehindMark(text, start, QUERY_VALUE);
    if (searched > start) ranges.push({ start, end: searched });
  }
  return replaceRanges(text, ranges, () => found('url-credentials'));
}

/** Characters. The shortest header, `{"alg":"none"}`, has 19. */
const SHORTEST_JWT_HEADER = 15;
const JWT_PART = characterSet(/[\w-]/);
const JWT = characterSet(/[\w.-]/);

/** Three base64url parts of which the first is a JSON object. */
function redactJwts(text: string, found: Found): string {
  const ranges: Range[] = [];
  for (let at = text.indexOf('eyJ'); at !== -1;) {
    const header = endWhile(text, at, JWT_PART);
    const payload = endWhile(text, header + 1, JWT_PART);
    const isJwt =
      header - at >= SHORTEST_JWT_HEADER &&
      text.charAt(header) === '.' &&
      payload > header + 1 &&
      text.charAt(payload) === '.';
    const end = isJwt ? endWhile(text, payload, JWT) : header;
    if (isJwt) ranges.push({ start: at, end });
    at = text.indexOf('eyJ', end);
  }
  return replaceRanges(text, ranges, () => found('jwt'));
}

const ROW_OF_PREFIX: ReadonlyMap<string, PrefixRow> = new Map(
  PREFIXES.flatMap((row) => row.prefixes.map((prefix) => [prefix, row])),
);
const BODIES: ReadonlyMap<BodyClass, CharacterSet> = new Map(
  Object.entries(BODY_CLASSES).map(([name, characters]) => [name as BodyClass, characterSet(characters)]),
);

function redactTokens(text: string, found: Found): string {
  const kinds: RedactionKind[] = [];
  const ranges: Range[] = [];
  let searched = 0;
  for (const match of text.matchAll(TOKEN_PREFIX)) {
    const [prefix] = match;
    const row = ROW_OF_PREFIX.get(prefix);
    const body = BODIES.get(row?.body ?? 'alnum');
    if (
      row === undefined ||
      body === undefined ||
      match.index < searched ||
      (row.startsWord === true && isInsideWord(text, match.index))
    )
      continue;
    const start = match.index + prefix.length;
    const end = endWhile(text, start, body);
    if (end - start < row.least) continue;
    ranges.push({ start: row.keepsPrefix === true ? start : match.index, end });
    kinds.push(row.kind);
    searched = end;
  }
  let next = 0;
  return replaceRanges(text, ranges, () => found(kinds[next++] ?? 'api-token'));
}

/** The letter of an escape, `\n`, is no part of the word. */
function isInsideWord(text: string, at: number): boolean {
  return /[A-Za-z0-9]/.test(text.charAt(at - 1)) && text.charAt(at - 2) !== '\\';
}

/** What stands before the secret stays only where it is an id. */
const TOKEN_FORMS: readonly RegExp[] = [
  /(?<![\w-])[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,50}/g,
  /(?<=(?<!\d)\d{8,10}:)AA[\w-]{33,60}/g,
  /(?<![\w.-])(?:pat[A-Za-z0-9]{14}\.[a-f0-9]{64}|[ps]at\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20})/g,
  /(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,40}/g,
];

const MAY_BE_TOKEN_FORM = /:AA|\dQ~|\.[\w-]{20}/;

function redactTokenForms(text: string, found: Found): string {
  return !MAY_BE_TOKEN_FORM.test(text)
    ? text
    : TOKEN_FORMS.reduce((left, form) => left.replaceAll(form, () => found('api-token')), text);
}

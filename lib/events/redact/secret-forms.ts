import { MARK_AT } from './mark';
import { namedValues } from './named-values';
import { BODY_CLASSES, PREFIXES, type BodyClass, type PrefixRow, type RedactionKind } from './redaction-table';
import { isSecretParameter } from './secret-names';
import {
  characterSet,
  createNext,
  endWhile,
  findRanges,
  matchAt,
  startWhile,
  type CharacterSet,
  type Finding,
  type Range,
} from './text-search';

interface Secret extends Range {
  readonly kind: RedactionKind;
}

type FindSecrets = (text: string) => readonly Secret[];

/** A finder of one kind of secret: `find` returns, for a text, what each match of the pattern leads to; see findRanges. */
function finder(
  kind: RedactionKind,
  pattern: RegExp,
  find: (text: string) => Parameters<typeof findRanges<Finding>>[2],
): FindSecrets {
  return (text) => findRanges(text, pattern, find(text)).map(({ start, end }) => ({ start, end, kind }));
}

/** The secret is the run of the set's characters after the match, unless it is a mark or shorter than `least`. */
function following(kind: RedactionKind, pattern: RegExp, body: CharacterSet, least: number): FindSecrets {
  return finder(kind, pattern, (text) => (_, start) => {
    const end = endAfterMark(text, start, body);
    return end - start < least ? undefined : { start, end };
  });
}

/** End of a secret that starts here; `start` if there is only a mark. */
function endAfterMark(text: string, start: number, body: CharacterSet): number {
  const afterMark = start + (matchAt(MARK_AT, text, start)?.[0].length ?? 0);
  const end = endWhile(text, afterMark, body);
  return end === afterMark ? start : end;
}

/** Runs a finder only on texts that the pattern matches. */
function onlyIf(needed: RegExp, find: FindSecrets): FindSecrets {
  return (text) => (needed.test(text) ? find(text) : []);
}

const PEM_END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y;
const PEM_BODY = characterSet(/[\w+/=\s\\:,.()-]/);

/** Without an end line only characters of a key are taken, or a text that begins a key would hide all that follows. */
const privateKeys = finder('private-key', /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g, (text) => {
  const nextEnd = createNext(text, '-----END ');
  return ({ index }, start) => {
    const endLine = nextEnd(start);
    const bodyEnd = endWhile(text, start, PEM_BODY, endLine);
    const end = endLine === bodyEnd ? matchAt(PEM_END, text, endLine) : null;
    if (end !== null) return { start: index, end: bodyEnd + end[0].length };
    let trimmed = bodyEnd;
    while (trimmed > start && /\s/.test(text.charAt(trimmed - 1))) trimmed -= 1;
    return { start: index, end: trimmed, searched: bodyEnd };
  };
});

const ALPHANUMERIC = characterSet(/[A-Za-z0-9]/);
const TAILSCALE_SECRET = characterSet(/[\w+/=-]/);
const TAILSCALE_KINDS = new Set(['api', 'auth', 'client', 'scim', 'webhook']);

/** Characters. No kind of key and no id is longer. */
const [LONGEST_KIND, LONGEST_ID] = [12, 24];

/** Ids of keys begin with `k` or end in the name of Tailscale's control plane, and are shorter than any secret. */
const KEY_ID = /^(?:k[a-z0-9]{1,21}|[a-z0-9]{1,17}(?:CNTRL|DEVEL))$/i;

/** Tailscale itself logs the id `tskey-<kind>-<id>`; what follows it is the secret. */
const tailscaleKeys = finder('tailscale-key', /tskey-/gi, (text) => (_, start) => {
  const end = endWhile(text, start, TAILSCALE_SECRET);
  const isMarked = matchAt(MARK_AT, text, end) !== null;
  return { start: start + secretOffset(text.slice(start, end), isMarked), end, searched: end };
});

/**
 * Where the secret begins in the text after `tskey-`; Infinity if it has none.
 *
 * @param isMarked A mark follows: the secret is already redacted.
 */
function secretOffset(body: string, isMarked: boolean): number {
  const kind = body.slice(0, endWhile(body, 0, ALPHANUMERIC));
  const idStart = kind.length + 1;
  if (kind === '' || kind.length > LONGEST_KIND || (body.length > kind.length && body.charAt(kind.length) !== '-'))
    return body === '' ? Infinity : 0;
  if (body.length <= idStart) return Infinity;
  const id = body.slice(idStart, endWhile(body, idStart, ALPHANUMERIC));
  const afterId = idStart + id.length + 1;
  const hasSecret = body.charAt(afterId - 1) === '-' && body.length > afterId;
  if (hasSecret && id.length <= LONGEST_ID && id !== '') return isBlanked(body.slice(afterId)) ? Infinity : afterId;
  if (body.length === afterId && isMarked && id.length <= LONGEST_ID) return Infinity;
  const isId = isKeyId(kind.toLowerCase(), id) || isBlanked(id);
  return !hasSecret && isId && body.length <= afterId ? Infinity : idStart;
}

/** Distinguishes `tskey-<kind>-<id>` from `tskey-<kind>-<secret>` and the oldest form `tskey-<id>-<secret>`. Tokens are logged by id only. */
function isKeyId(kind: string, rest: string): boolean {
  return kind === 'token' || (TAILSCALE_KINDS.has(kind) && KEY_ID.test(rest));
}

/** The sender has removed the secret already. */
function isBlanked(secret: string): boolean {
  return /^(?:redacted|x+)$/i.test(secret);
}

const BASE64 = characterSet(/[\w+/-]/);
const BASE64_LINE = /={0,2}(?:\r?\n(?=[A-Za-z0-9+/_-]{4,80}={0,2}(?:\r?\n|$)))?/y;

/** `tskey-` in Base64, at each of its three offsets. The whole run is secret, with the lines that continue it. */
const base64Keys = finder('tailscale-key', /dHNrZXkt|Rza2V5L|0c2tleS/g, (text) => ({ index }, _, searched) => {
  let end = index;
  for (let before = -1; end > before;) {
    before = end;
    const lineEnd = endWhile(text, end, BASE64);
    end = lineEnd === before ? before : lineEnd + (matchAt(BASE64_LINE, text, lineEnd)?.[0].length ?? 0);
  }
  return { start: startWhile(text, index, BASE64, index - searched), end };
});

const WEBHOOK_HOST =
  /:\\{0,15}\/\\{0,15}\/(?:hooks\.slack\.com|(?:ptb\.|canary\.)?discord(?:app)?\.com|[a-z0-9-]{1,63}\.webhook\.office\.com|outlook\.office(?:365)?\.com|chat\.googleapis\.com|api\.telegram\.org|events\.pagerduty\.com|hooks\.zapier\.com|hook\.[a-z0-9]{1,8}\.make\.com|[a-z0-9.-]{1,200}\.(?:logic\.azure|environment\.api\.powerplatform)\.com)(?::\d{1,5})?\\{0,15}\//gi;
const WEBHOOK_PATH = /\/(?:web)?hooks?(?:b2)?\/(?=[^\s"'<>\\/?#])/gi;
const URL_PART = characterSet(/[^\s"'<>\\]/);

const AUTHORITY_PART = characterSet(/[^\s/?#"'<>\\]/);
/** A host with a port: the path after it may hold an `@`. */
const HOST = /^(?:[\w.-]*|\[[^\]]*\]):\d{1,5}$|^\[/;
/** Characters of a user's name. */
const MAX_USER = 1_000;

/** `//user:password@host`: the password may hold any character. Without a colon, the host ends at the first slash. */
const userinfo = finder('url-credentials', /(:?)\\{0,15}\/\\{0,15}\//g, (text) => {
  const nextAt = createNext(text, '@');
  return ([, scheme], start) => {
    const authorityEnd = endWhile(text, start, AUTHORITY_PART);
    const authority = text.slice(start, Math.min(authorityEnd, start + MAX_USER));
    const colon = authority.indexOf(':');
    const nothing = { start, end: start, searched: authorityEnd };
    if (colon === -1 && scheme === '') return nothing;
    if (colon === -1 && text.charAt(authorityEnd) === '#' && nextAt(start) >= authorityEnd) {
      const searched = endWhile(text, authorityEnd + 1, AUTHORITY_PART);
      const at = text.slice(authorityEnd, searched).lastIndexOf('@');
      const hasPassword = at !== -1 && text.slice(authorityEnd, authorityEnd + at).includes(':');
      return { start, end: hasPassword ? authorityEnd + at : start, searched };
    }
    if (nextAt(start) < authorityEnd)
      return { start, end: text.lastIndexOf('@', authorityEnd - 1), searched: authorityEnd };
    if (colon <= 0 || HOST.test(authority)) return nothing;
    const searched = endWhile(text, authorityEnd, URL_PART);
    const at = nextAt(authorityEnd);
    if (at >= searched) return { start, end: start, searched };
    return { start, end: text.lastIndexOf('@', endWhile(text, at, AUTHORITY_PART) - 1), searched };
  };
});

const QUERY_VALUE = characterSet(/[^\s&"'<>#;\\]/);

const queries = finder('url-credentials', /[?&#]([\w.%[\]-]{1,64})=/g, (text) => ([, name = ''], start) => {
  return isSecretParameter(name) ? { start, end: endAfterMark(text, start, QUERY_VALUE) } : undefined;
});

/** Characters. The shortest header, `{"alg":"none"}`, has 19. */
const SHORTEST_JWT_HEADER = 15;
const JWT_PART = characterSet(/[\w-]/);
const JWT = characterSet(/[\w.-]/);

/** Three base64url parts, the first of them a JSON object. */
const jwts = finder('jwt', /eyJ/g, (text) => ({ index }) => {
  const header = endWhile(text, index, JWT_PART);
  const payload = endWhile(text, header + 1, JWT_PART);
  const isJwt =
    header - index >= SHORTEST_JWT_HEADER &&
    text.charAt(header) === '.' &&
    payload > header + 1 &&
    text.charAt(payload) === '.';
  return isJwt ? { start: index, end: endWhile(text, payload, JWT) } : { start: header, end: header };
});

const BODIES = new Map(
  Object.entries(BODY_CLASSES).map(([name, characters]) => [name as BodyClass, characterSet(characters)]),
);
const ROWS = new Map(
  PREFIXES.flatMap((row) => row.prefixes.map((prefix): readonly [string, PrefixRow] => [prefix, row])),
);

/** Source of a pattern that matches each prefix of the table, the longest first. */
export const TOKEN_PREFIXES = [...ROWS.keys()]
  .sort((a, b) => b.length - a.length)
  .map((prefix) => prefix.replaceAll(/[.+]/g, '\\$&'))
  .join('|');
const TOKEN_PREFIX = new RegExp(TOKEN_PREFIXES, 'g');

function prefixedTokens(text: string): readonly Secret[] {
  return findRanges(text, TOKEN_PREFIX, ({ 0: prefix, index }, start) => {
    const row = ROWS.get(prefix);
    const body = BODIES.get(row?.body ?? 'alnum');
    if (row === undefined || body === undefined || (row.startsWord === true && isInsideWord(text, index)))
      return undefined;
    const end = endWhile(text, start, body);
    return end - start < row.least
      ? undefined
      : { start: row.keepsPrefix === true ? start : index, end, kind: row.kind };
  });
}

/** The letter of an escape, `\n`, is not part of the word. */
function isInsideWord(text: string, at: number): boolean {
  return /[A-Za-z0-9]/.test(text.charAt(at - 1)) && text.charAt(at - 2) !== '\\';
}

/** The whole match is the token. */
function tokenForm(pattern: RegExp): FindSecrets {
  const find = finder('api-token', pattern, () => ({ index }, end) => ({ start: index, end }));
  return onlyIf(/:AA|\dQ~|\.[\w-]{20}/, find);
}

/** In this order: each finder reads the text with the marks of those before it. */
export const SECRET_FINDERS: readonly FindSecrets[] = [
  privateKeys,
  tailscaleKeys,
  base64Keys,
  following('webhook-url', WEBHOOK_HOST, characterSet(/[^\s"'<>]/), 1),
  onlyIf(/:\/\//, following('webhook-url', WEBHOOK_PATH, URL_PART, 1)),
  onlyIf(/@/, userinfo),
  queries,
  jwts,
  following('bearer-token', /bearer\s{1,8}/gi, characterSet(/[A-Za-z0-9._~+/=-]/), 6),
  onlyIf(/authorization/i, following('basic-credentials', /basic\s{1,8}/gi, characterSet(/[A-Za-z0-9+/=]/), 8)),
  prefixedTokens,
  tokenForm(/(?<![\w-])[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,50}/g),
  tokenForm(/(?<=(?<!\d)\d{8,10}:)AA[\w-]{33,60}/g),
  tokenForm(/(?<![\w.-])(?:pat[A-Za-z0-9]{14}\.[a-f0-9]{64}|[ps]at\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20})/g),
  tokenForm(/(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,40}/g),
  (text) => namedValues(text).map(({ start, end }) => ({ start, end, kind: 'property' })),
];

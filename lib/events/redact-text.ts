import { isIP } from 'node:net';
import { isSecretName, MAY_NAME_A_SECRET } from './secret-names';

/** What a text was before its secrets were marked, and which kinds of them. */
export interface RedactedText {
  readonly text: string;
  /** In the order found; empty: the text is as it was. */
  readonly kinds: readonly string[];
}

export const mark = (kind: string): string => `[REDACTED ${kind}]`;

/**
 * A text with its secrets marked. Only the secret goes: ids, hosts and names stay, because they say what happened.
 *
 * The text is upstream's and may be 16 MB long, so every pattern takes time in proportion to its length: none can begin
 * a second try inside what a failed one has already read.
 */
export function redactText(text: string): RedactedText {
  if (PLAIN.test(text) || !MAY_HOLD_A_SECRET.test(text)) return { text, kinds: NONE };
  const kinds: string[] = [];
  const found = (kind: string): string => {
    kinds.push(kind);
    return mark(kind);
  };
  try {
    return { text: STEPS.reduce((left, step) => step(left, found), text), kinds };
  } catch (error) {
    // A pattern that meets megabytes without a break can run out of its stack. What cannot be searched is not shown.
    if (!(error instanceof RangeError)) throw error;
    return { text: mark('unsearchable'), kinds: ['unsearchable'] };
  }
}

type Found = (kind: string) => string;
type Step = (text: string, found: Found) => string;

const NONE: readonly string[] = [];

/** Shorter than any secret of letters and digits alone. Most names and values are, and this is the quickest question. */
const PLAIN = /^[A-Za-z0-9]{0,19}$/;

/** Every pattern below needs one of these. */
const MAY_HOLD_A_SECRET = /tskey-|-----BEGIN|\/\/|\/\\|[?&#]|eyJ|A[KS]IA|bearer|(?:gh[opsur]|pat|xox.|xapp|sk|rk|whsec|npm)[-_]|AIza|privkey:|disablement-secret:|secret|token|passw|passphrase|key|authorization|credential|cookie|jwt/i;

/**
 * Without an end line only what can be part of a key goes: quotes and brackets stay, or a comment that begins a key and
 * never ends it would hide every later change of a policy.
 */
const PEM = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[\w+/=\s\\:,.()-]*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[\w+/=\s\\:,.()-]*)/g;
const TAILSCALE_KEY = /tskey-([a-z0-9]+)(?:-([a-z0-9]+)(-[a-z0-9_+/=-]+)?)?/gi;
const WEBHOOK_HOST =
  /(:\\{0,3}\/\\{0,3}\/(?:hooks\.slack\.com|(?:ptb\.|canary\.)?discord(?:app)?\.com|[a-z0-9-]{1,63}\.webhook\.office\.com|outlook\.office(?:365)?\.com|chat\.googleapis\.com|api\.telegram\.org|events\.pagerduty\.com|hooks\.zapier\.com|hook\.[a-z0-9]{1,8}\.make\.com|[a-z0-9.-]{1,200}\.(?:logic\.azure|environment\.api\.powerplatform)\.com)(?::\d{1,5})?\\{0,3}\/)[^\s"'<>]+/gi;
const WEBHOOK_PATH = /(\/(?:web)?hooks?(?:b2)?\/)([^\s"'<>\\/?#][^\s"'<>\\]*)/gi;
const USERINFO = /(:\\{0,3}\/\\{0,3}\/)[^\s/?#"'<>\\]+@/g;
const QUERY = /([?&;#])([a-z0-9_.-]{1,64})=([^\s&"'<>#;\\]+)/gi;
const BEARER = /(bearer)(\s{1,8})[a-z0-9._~+/=-]{6,}/gi;
const BASIC = /(basic)(\s{1,8})[a-z0-9+/]{8,}={0,2}(?![a-z0-9+/])/gi;
const AWS_KEY = /(?:AKIA|ASIA)[A-Z0-9]{16}/g;
const API_TOKEN = /gh[opsur]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{8,}|xapp-[\w-]{8,}|[sr]k_(?:live|test)_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9+/=]{8,}|npm_[A-Za-z0-9]{30,}|AIza[\w-]{35}/g;
const NODE_SECRET = /(privkey:|disablement-secret:)[0-9a-z]+/gi;

const STEPS: readonly Step[] = [
  (text, found) => text.replaceAll(PEM, () => found('private-key')),
  redactTailscaleKeys,
  (text, found) => text.replaceAll(WEBHOOK_HOST, (_, host: string) => `${host}${found('webhook-url')}`),
  (text, found) => (text.includes('://') ? text.replaceAll(WEBHOOK_PATH, (whole, path: string, rest: string) => (isMarked(rest) ? whole : `${path}${found('webhook-url')}`)) : text),
  (text, found) => text.replaceAll(USERINFO, (_, slashes: string) => `${slashes}${found('url-credentials')}@`),
  (text, found) => text.replaceAll(QUERY, (whole, before: string, name: string, value: string) => (isSecretParameter(name) && !isMarked(value) ? `${before}${name}=${found('url-credentials')}` : whole)),
  redactJwts,
  (text, found) => text.replaceAll(BEARER, (_, scheme: string, space: string) => `${scheme}${space}${found('bearer-token')}`),
  (text, found) => (/authorization/i.test(text) ? text.replaceAll(BASIC, (_, scheme: string, space: string) => `${scheme}${space}${found('basic-credentials')}`) : text),
  (text, found) => text.replaceAll(AWS_KEY, () => found('aws-key')),
  (text, found) => text.replaceAll(API_TOKEN, () => found('api-token')),
  (text, found) => text.replaceAll(NODE_SECRET, (_, kind: string) => `${kind}${found('tailscale-key')}`),
  redactNamedValues,
];

function isMarked(text: string): boolean {
  return text.startsWith('[REDACTED');
}

const KEY_KINDS: ReadonlySet<string> = new Set(['api', 'auth', 'client', 'scim', 'webhook']);

/** Ids of keys begin with `k` or end in the name of Tailscale's control plane, and are shorter than any secret. */
const KEY_ID = /^(?:k[a-z0-9]{1,21}|[a-z0-9]{1,17}(?:CNTRL|DEVEL))$/i;

/** Without a secret behind it: is it `tskey-<kind>-<id>`, or `tskey-<kind>-<secret>`, or the oldest form `tskey-<id>-<secret>`? Tokens are logged by id alone. */
function isKeyId(kind: string, rest: string): boolean {
  return kind === 'token' || (KEY_KINDS.has(kind) && KEY_ID.test(rest));
}

/** `tskey-<kind>-<id>` is an id that Tailscale itself logs; what follows is the secret. */
function redactTailscaleKeys(text: string, found: Found): string {
  return text.replaceAll(TAILSCALE_KEY, (whole, first: string, second: string | undefined, secret: string | undefined) => {
    if (secret !== undefined) return isBlanked(secret) ? whole : `tskey-${first}-${second ?? ''}-${found('tailscale-key')}`;
    if (second !== undefined) return isKeyId(first.toLowerCase(), second) || isBlanked(second) ? whole : `tskey-${first}-${found('tailscale-key')}`;
    return first.length > 12 ? `tskey-${found('tailscale-key')}` : whole;
  });
}

/** The sender has taken the secret out already. */
function isBlanked(secret: string): boolean {
  return /^-?(?:redacted|x+)$/i.test(secret);
}

const SECRET_PARAMETERS: ReadonlySet<string> = new Set(['key', 'sig', 'signature', 'code', 'auth', 'sas', 'hmac', 'pwd']);

function isSecretParameter(name: string): boolean {
  return SECRET_PARAMETERS.has(name.toLowerCase()) || isSecretName(name);
}

/** Characters. The shortest header, `{"alg":"none"}`, has 19. */
const SHORTEST_JWT_HEADER = 15;

/** Three base64url parts of which the first is a JSON object. Every run of such characters is read once, whatever it turns out to be. */
function redactJwts(text: string, found: Found): string {
  if (!text.includes('eyJ')) return text;
  return text.replaceAll(/[\w.-]+/g, (run) => {
    const parts = run.split('.');
    const at = parts.findIndex((part, index) => part.length - part.indexOf('eyJ') >= SHORTEST_JWT_HEADER && part.includes('eyJ') && isFilled(parts[index + 1]) && parts.length > index + 2);
    if (at === -1) return run;
    const start = parts[at]?.indexOf('eyJ') ?? 0;
    return `${[...parts.slice(0, at), parts[at]?.slice(0, start)].join('.')}${found('jwt')}`;
  });
}

function isFilled(part: string | undefined): boolean {
  return part !== undefined && part !== '';
}

/** `"apiKey": "…"`, `password=…`: the names that count in an object count in a text too. */
const NAMED = /(?<![\w.-])([\w.-]{2,80})(\\{0,3}["'])?\s{0,8}([:=])\s{0,8}(?:(?:bearer|basic|digest|token|splunk)\s{1,8}(?!\[REDACTED))?(\\{0,3}["'])?/gi;

function redactNamedValues(text: string, found: Found): string {
  if (!MAY_NAME_A_SECRET.test(text)) return text;
  const out: string[] = [];
  let copied = 0;
  for (const match of text.matchAll(NAMED)) {
    const [whole, name = '', , separator, quote] = match;
    const start = match.index + whole.length;
    if (match.index < copied || !isSecretName(name)) continue;
    const end = quote === undefined ? endOfWord(text, start) : endOfQuoted(text, start, quote);
    const value = text.slice(start, end);
    const isAlias = separator === ':' && text.charAt(match.index - 1) === ':';
    if (isAlias || (whole === `${name}:` && NO_SECRET.test(value)) || !isSecretText(value)) continue;
    out.push(text.slice(copied, start), found('property'));
    copied = end;
  }
  return out.length === 0 ? text : out.join('') + text.slice(copied);
}

/**
 * What may stand behind `name:` and is no secret: a port, for in a policy `db-secret:5432` is a destination and hiding
 * its port would hide a change; a verb, as in the scope `auth_keys:read` and the action `api_key:create`.
 */
const NO_SECRET = /^(?:[\d,*-]*|[a-z_]*)$/;

const WORD_END = /[\s,;&"'()[\]{}<>\\]|$/g;

function endOfWord(text: string, start: number): number {
  WORD_END.lastIndex = start;
  return WORD_END.exec(text)?.index ?? text.length;
}

/**
 * Never past a line or a double quote: a lone quote in a comment of a policy must not hide what stands behind it. An
 * escaped quote does not end a plain one; after an escaped opening any backslash ends it.
 */
function endOfQuoted(text: string, start: number, quote: string): number {
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"' || character === '\n' || quote.endsWith(character)) return at;
    if (character !== '\\') continue;
    if (quote.length > 1) return at;
    at += 1;
  }
  return text.length;
}

/** An empty text or an address is no secret. A policy's hosts may have any name, and hiding their addresses would hide a change. */
export function isSecretText(value: string): boolean {
  return value !== '' && !isMarked(value) && !/^(?:true|false|null)$/i.test(value) && isIP(value.split('/', 1)[0] ?? '') === 0;
}

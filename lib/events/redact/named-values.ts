import { isIP } from 'node:net';
import { isMarked, MARK_AT } from './mark';
import { isSecretName, NAME_ROOTS } from './secret-names';
import { characterSet, createNext, endWhile, has, matchAt, startWhile, type Range } from './text-search';

/**
 * What in a text stands under the name of a secret: `"apiKey": "…"`, `password=…`, `<password>…</password>`, and the
 * value beside `"name": "DB_PASSWORD"`. The names that count in an object count in a text too.
 */
export function namedValues(text: string): readonly Range[] {
  const ranges: Range[] = [];
  const reader = createReader(text);
  let searched = 0;
  for (const root of text.matchAll(ROOT)) {
    if (root.index < searched) continue;
    const end = endWhile(text, root.index + root[0].length, NAME_PART);
    const start = startWhile(text, root.index, NAME_PART, Math.min(MAX_BEFORE_ROOT, root.index - searched));
    searched = end;
    if (text.startsWith('[REDACTED ', start - '[REDACTED '.length)) continue;
    const name = text.slice(start, end);
    const value = reader.valueOf(name, start, end);
    if (value === undefined) continue;
    ranges.push(value);
    // Attributes stand before the value of an element and may be secrets too.
    if (!reader.isElement(start)) searched = value.end;
  }
  return ranges;
}

/**
 * An empty text, a truth value or an address is no secret, nor is what is marked already. A policy's hosts may have any
 * name, and hiding their addresses would hide a change.
 */
export function isSecretText(value: string): boolean {
  return value !== '' && !isMarked(value) && !/^(?:true|false|null)$/i.test(value) && !isAddress(value);
}

/** Characters. The longest is a span of two IPv6 addresses. */
const MAX_ADDRESS = 96;

/** An address, a prefix or a span, as a policy's hosts have them, and nothing behind it. */
function isAddress(value: string): boolean {
  if (value.length > MAX_ADDRESS) return false;
  const prefix = /^([^/]+)\/\d{1,3}$/.exec(value);
  return value.split('-', 3).every((end) => isIP(prefix?.[1] ?? end) !== 0);
}

const ROOT = new RegExp(NAME_ROOTS.join('|'), 'gi');
const NAME_PART = characterSet(/[\w.-]/);

/** Characters of a name before the part by which it is found. */
const MAX_BEFORE_ROOT = 60;

/** Kinds of aliases in a policy: `tag:token:443` is a destination. */
const ALIAS = /(?:^|[^\w-])(?:autogroup|group|host|ipset|posture|svc|tag):$/;
const MAX_ALIAS_KIND = 12;

/** After a name: the end of its quotes or brackets, then what separates it from its value. */
const SEPARATOR = /(\\{0,63}["'`])?\]?[^\S\n]{0,64}(:=|=>|==|[:=])(\s{0,64})/y;
/** `--password hunter2` */
const OPTION_VALUE = /[ \t]{1,8}(?![\s-])/y;
const OPENING_QUOTE = /(\\{0,63})(["'`])/y;
/** Not where the credentials behind it are marked already: then it is the value. */
const SCHEME = /(?:bearer|basic|digest|token|splunk)\s{1,8}(?!\[REDACTED)/iy;

/**
 * What may stand behind `name:` and is no secret: ports, for in a policy `db-secret:5432` is a destination and hiding
 * its port would hide a change; a verb, as in the scope `auth_keys:read` and the action `api_key:create`.
 */
const PORTS = /(?:\*|\d{1,5}(?:-\d{1,5})?)(?:,(?:\*|\d{1,5}(?:-\d{1,5})?)){0,500}(?=[\s,;"'`()[\]{}<>\\]|$)/y;
const VERB = /[a-z_]{1,24}(?=[\s,;"'`()[\]{}<>\\]|$)/y;
const KNOWN_VERB =
  /^(?:add|approve|create|delete|disable|enable|expire|get|list|manage|read|remove|revoke|rotate|set|update|view|write)$/;
/** Under such a name even a word of letters is a secret. */
const PASSWORD = /pass|pwd/i;

const LITERAL = /(?:true|false|null|none|nil|undefined)(?=[\s,;&"'`()[\]{}<>\\]|$)/iy;
const ANY_ADDRESS = /[\da-f:.]{2,45}(?:\/\d{1,3}|-[\da-f:.]{2,45})?(?=[\s,;&"'`()[\]{}<>\\]|$)/iy;
/** A name with its separator on the next line: the value before it was empty. */
const NEXT_NAME = /\\{0,63}["'`]?[\w.-]{1,80}\\{0,63}["'`]?\s{0,8}[:=]/y;

/** Behind a name that is itself the value of a field: the field that holds what it names. */
const SIBLING_VALUE =
  /\\{0,63}["'`]?\s{0,8},?\s{0,8}\\{0,63}["'`]?(?:value|val|content|text)\\{0,63}["'`]?\s{0,8}[:=]\s{0,8}/iy;
const NAME_FIELD =
  /(?:name|key|field|property|param|parameter|variable|header|label|id)\\{0,63}["'`]?\s{0,8}[:=]\s{0,8}\\{0,63}["'`]?$/i;
const MAX_NAME_FIELD = 40;
/** The same where the value comes first. */
const SIBLING_BEFORE =
  /(?:value|val|content|text)\\{0,63}["'`]?\s{0,8}[:=]\s{0,8}(\\{0,63}["'`])(?<value>[^"'`\\]{1,200})\1\s{0,8},?\s{0,8}\\{0,63}["'`]?(?:name|key|field|property|param|parameter|variable|header|label|id)\\{0,63}["'`]?\s{0,8}[:=]\s{0,8}\\{0,63}["'`]?$/di;
const MAX_SIBLING = 320;

const ELEMENT = /<(?:[\w.-]{1,40}:)?$/;
const MAX_ELEMENT = 42;
const TAG_END = /(?:["'\s][^<>]{0,500})?>/y;
const INNER_TAG = /\s{0,64}<[\w:.-]{1,60}(?:\s[^<>]{0,300})?>/y;
const CDATA = /\s{0,64}<!\[CDATA\[/y;

interface Reader {
  /** The value that belongs to a name, where it is a secret. */
  readonly valueOf: (name: string, start: number, end: number) => Range | undefined;
  /** Whether the name is that of an XML element. */
  readonly isElement: (start: number) => boolean;
}

function createReader(text: string): Reader {
  const nextTag = createNext(text, '<');
  const nextLine = createNext(text, '\n');
  const nextSemicolon = createNext(text, ';');
  const nextBrace = createNext(text, '}');
  const nextBracket = createNext(text, ']');
  const nextCdataEnd = createNext(text, ']]>');
  const nextDoubleQuote = createNext(text, '"');

  function isElement(start: number): boolean {
    const before = text.charAt(start - 1);
    return before === '<' || (before === ':' && ELEMENT.test(text.slice(Math.max(0, start - MAX_ELEMENT), start)));
  }

  function valueOf(name: string, start: number, end: number): Range | undefined {
    const next = text.charAt(end);
    if (isElement(start)) return next === '/' || !isSecretName(name) ? undefined : elementValue(end);
    const separator = matchAt(SEPARATOR, text, end);
    if (separator !== null && isSecretName(name))
      return separatedValue(name, start, separator, end + separator[0].length);
    const option = text.startsWith('--', start - 2) || name.startsWith('--') ? matchAt(OPTION_VALUE, text, end) : null;
    if (option !== null && isSecretName(name)) return plainValue(name, end + option[0].length, false);
    if (!NAME_FIELD.test(text.slice(Math.max(0, start - MAX_NAME_FIELD), start)) || !isSecretName(name))
      return undefined;
    const sibling = matchAt(SIBLING_VALUE, text, end);
    if (sibling !== null) return plainValue(name, end + sibling[0].length, false);
    const from = Math.max(0, start - MAX_SIBLING);
    const [first, last] = SIBLING_BEFORE.exec(text.slice(from, start))?.indices?.groups?.['value'] ?? [0, 0];
    if (last > first) return range(from + first, from + last);
    return matchAt(TAG_END, text, end) === null || !text.slice(Math.max(0, start - MAX_TAG), start).includes('<')
      ? undefined
      : elementValue(end);
  }

  function separatedValue(
    name: string,
    start: number,
    [, quote = '', sign = '', space = '']: RegExpExecArray,
    at: number,
  ): Range | undefined {
    const isColon = sign === ':' || sign === '==';
    if (
      isColon &&
      text.charAt(start - 1) === ':' &&
      (sign === '==' || ALIAS.test(text.slice(Math.max(0, start - MAX_ALIAS_KIND), start)))
    )
      return undefined;
    if (space.includes('\n') && matchAt(NEXT_NAME, text, at) !== null) return undefined;
    if (sign === ':' && space === '' && quote === '' && isPortOrVerb(name, at)) return undefined;
    return plainValue(name, at, sign === '=' && quote === '' && space === '', start);
  }

  function isPortOrVerb(name: string, at: number): boolean {
    if (matchAt(PORTS, text, at) !== null) return true;
    const verb = matchAt(VERB, text, at)?.[0];
    return verb !== undefined && (KNOWN_VERB.test(verb) || !PASSWORD.test(name));
  }

  /** @param isTight `name=value`, as in a connection string. */
  function plainValue(name: string, at: number, isTight: boolean, nameStart = at): Range | undefined {
    const start = at + (matchAt(SCHEME, text, at)?.[0].length ?? 0);
    const quote = matchAt(OPENING_QUOTE, text, start);
    if (quote !== null)
      return range(start + quote[0].length, quotedEnd(start + quote[0].length, quote[1]?.length ?? 0, quote[2] ?? ''));
    if (matchAt(LITERAL, text, start) !== null) return undefined;
    const address = matchAt(ANY_ADDRESS, text, start)?.[0];
    if (address !== undefined && isAddress(address)) return undefined;
    if (/cookie/i.test(name) && !isTight) return range(start, lineEnd(start));
    const closing = isTight && text.charAt(start) === '{' ? nextBrace(start) : text.length;
    if (closing < lineEnd(start)) return range(start, closing + 1);
    if (isTight && isConnectionString(nameStart, start)) return range(start, nextSemicolon(start));
    return range(start, wordEnd(start));
  }

  function range(start: number, end: number): Range | undefined {
    if (end <= start) return undefined;
    return end - start <= MAX_ADDRESS + 10 && !isSecretText(text.slice(start, end)) ? undefined : { start, end };
  }

  function lineEnd(start: number): number {
    return Math.min(nextLine(start), nextDoubleQuote(start));
  }

  /** `;name=` comes before the line or the quotes end, and the name follows a `;` or begins them. */
  function isConnectionString(nameStart: number, start: number): boolean {
    const semicolon = nextSemicolon(start);
    const isLast = semicolon >= lineEnd(start);
    const before = text.slice(Math.max(0, nameStart - 3), nameStart).trimEnd();
    if (before.endsWith(';')) return !isLast;
    return !isLast && (nameStart === 0 || /["'`\n]$/.test(before)) && matchAt(NEXT_PAIR, text, semicolon) !== null;
  }

  /** Never past a line. Of the backslashes before a quote it depends on their count whether the quote belongs to the value. */
  function quotedEnd(start: number, slashes: number, quote: string): number {
    const lineAt = nextLine(start);
    let firstOther = -1;
    for (let at = start; at < lineAt; at += 1) {
      const character = text.charAt(at);
      if (character === '\\') {
        const run = endWhile(text, at, BACKSLASH) - at;
        at += run;
        if (text.charAt(at) === quote && run % (2 * (slashes + 1)) === slashes) return at - slashes;
        if (at >= lineAt) break;
        continue;
      }
      if (character === quote && slashes === 0) return at;
      if (character === '"' && firstOther === -1) firstOther = at;
      if (character === '"' && slashes > 0) return at;
    }
    return firstOther === -1 ? lineAt : firstOther;
  }

  function wordEnd(start: number): number {
    let at = start;
    let open = 0;
    if (text.startsWith('[REDACTED', start)) {
      const marked = matchAt(MARK_AT, text, start)?.[0].length;
      at = marked !== undefined ? start + marked : Math.min(nextBracket(start) + 1, lineEnd(start));
    } else if (text.charAt(start) === '[' || text.charAt(start) === '{') return start;
    for (; at < text.length; at += 1) {
      const marked = text.charAt(at) === '[' ? matchAt(MARK_AT, text, at) : null;
      if (marked !== null) {
        at += marked[0].length - 1;
        continue;
      }
      const character = text.charAt(at);
      if (has(WORD, text.charCodeAt(at))) continue;
      if (character === '(' || character === '[' || character === '{') open += 1;
      else if (character === ')' || character === ']' || character === '}') {
        if (open === 0) return at;
        open -= 1;
      } else if (character === ',' || character === "'" || character === '`') {
        if (matchAt(ENDS_WORD, text, at + 1) !== null) return at;
      } else if (character === '\\') {
        const behind = endWhile(text, at, BACKSLASH);
        if (ENDS_ESCAPE.test(text.charAt(behind))) return at;
        at = behind - 1;
      } else return at;
    }
    return at;
  }

  function elementValue(at: number): Range | undefined {
    const tag = matchAt(TAG_END, text, at);
    if (tag === null || tag[0].endsWith('/>')) return undefined;
    let start = at + tag[0].length;
    const cdata = matchAt(CDATA, text, start);
    if (cdata !== null) return range(start + cdata[0].length, nextCdataEnd(start));
    for (let depth = 0; depth < 3; depth += 1) start += matchAt(INNER_TAG, text, start)?.[0].length ?? 0;
    const tagAt = nextTag(start);
    let end = tagAt < text.length ? tagAt : lineEnd(start);
    while (start < end && /\s/.test(text.charAt(start))) start += 1;
    while (start < end && /\s/.test(text.charAt(end - 1))) end -= 1;
    return range(start, end);
  }

  return { valueOf, isElement };
}

/** Characters of a tag before the name that it gives. */
const MAX_TAG = 300;
const BACKSLASH = characterSet(/\\/);
const WORD = characterSet(/[^\s,;&"'`()[\]{}<>\\]/);
/** What follows a comma or quote that ends a word: nothing, a blank, a bracket, or another name. */
const ENDS_WORD = /$|[\s,;&"'`)\]}<>\\]|[\w.-]{1,60}["']?\s?[:=]/y;
/** A quote or line end behind a backslash is one of a text around. */
const ENDS_ESCAPE = /["'`nrt]/;
const NEXT_PAIR = /;\s{0,2}[\w ]{1,40}=/y;

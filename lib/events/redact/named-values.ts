import { isAddress, isSecretText, MARK_AT } from './mark';
import { isSecretName, NAME_ROOT } from './secret-names';
import { characterSet, createNext, endWhile, findRanges, has, matchAt, startWhile, type Range } from './text-search';

const ROOTS = new RegExp(NAME_ROOT, 'gi');
const NAME_PART = characterSet(/[\w.-]/);

/** Characters of a name before the root that it is found by. */
const MAX_BEFORE_ROOT = 60;

/**
 * The values in a text whose name is a secret's: `"apiKey": "…"`, `password=…`, `<password>…</password>`, and the value in
 * `"name": "DB_PASSWORD", "value": "…"`. The same names count as in an object.
 */
export function namedValues(text: string): readonly Range[] {
  const reader = createReader(text);
  return findRanges(text, ROOTS, ({ index }, rootEnd, searched) => {
    const end = endWhile(text, rootEnd, NAME_PART);
    const start = startWhile(text, index, NAME_PART, Math.min(MAX_BEFORE_ROOT, index - searched));
    const isMark = text.startsWith('[REDACTED ', start - '[REDACTED '.length);
    const value = isMark ? undefined : reader.valueOf(text.slice(start, end), start, end);
    if (value === undefined) return { start, end: start, searched: end };
    // Attributes are between the name of an element and its value, and may be secrets too.
    return { ...value, searched: reader.isElement(start) ? end : value.end };
  });
}

/** Kinds of aliases in a policy: `tag:token:443` is a destination. */
const ALIAS = /(?:^|[^\w-])(?:autogroup|group|host|ipset|posture|svc|tag):$/;
const MAX_ALIAS_KIND = 12;

/** After a name: its closing quote or bracket, then the separator. */
const SEPARATOR = /(\\{0,63}["'`])?\]?[^\S\n]{0,64}(:=|=>|==|[:=])(\s{0,64})/y;
/** `--password hunter2` */
const OPTION_VALUE = /[ \t]{1,8}(?![\s-])/y;
const OPENING_QUOTE = /(\\{0,63})(["'`])/y;
/** Not before a mark: then the credentials are redacted already and the word itself is the value. */
const SCHEME = /(?:bearer|basic|digest|token|splunk)\s{1,8}(?!\[REDACTED)/iy;

/**
 * Values after `name:` that are not secret: ports, because in a policy `db-secret:5432` is a destination and hiding its
 * port would hide a change; a verb, as in the scope `auth_keys:read` and the action `api_key:create`.
 */
const PORTS = /(?:\*|\d{1,5}(?:-\d{1,5})?)(?:,(?:\*|\d{1,5}(?:-\d{1,5})?)){0,500}(?=[\s,;"'`()[\]{}<>\\]|$)/y;
const VERB = /[a-z_]{1,24}(?=[\s,;"'`()[\]{}<>\\]|$)/y;
const KNOWN_VERB =
  /^(?:add|approve|create|delete|disable|enable|expire|get|list|manage|read|remove|revoke|rotate|set|update|view|write)$/;
/** With such a name even a word of letters is a secret. */
const PASSWORD = /pass|pwd/i;

const LITERAL = /(?:true|false|null|none|nil|undefined)(?=[\s,;&"'`()[\]{}<>\\]|$)/iy;
const ANY_ADDRESS = /[\da-f:.]{2,45}(?:\/\d{1,3}|-[\da-f:.]{2,45})?(?=[\s,;&"'`()[\]{}<>\\]|$)/iy;

/** An optional quote, escaped as often as the texts around this one require. */
const QUOTE = '\\\\{0,63}["\'`]?';
const ASSIGNED = `${QUOTE}\\s{0,8}[:=]\\s{0,8}`;
const COMMA = '\\s{0,8},?\\s{0,8}';
const LABEL_FIELD = `(?:name|key|field|property|param|parameter|variable|header|label|id)${ASSIGNED}${QUOTE}$`;
const VALUE_FIELD = `(?:value|val|content|text)${ASSIGNED}`;

/** The next name and its separator: the value before it was empty. */
const NEXT_NAME = new RegExp(`${QUOTE}[\\w.-]{1,80}${QUOTE}\\s{0,8}[:=]`, 'y');
/** Before a name that is a field's value: that field. */
const NAME_FIELD = new RegExp(LABEL_FIELD, 'i');
const MAX_NAME_FIELD = 40;
/** After such a name: the sibling field with the named value. */
const SIBLING_VALUE = new RegExp(`${QUOTE}${COMMA}${QUOTE}${VALUE_FIELD}`, 'iy');
/** Before such a name: the sibling field and its value. */
const SIBLING_BEFORE = new RegExp(
  `${VALUE_FIELD}(\\\\{0,63}["'\`])(?<value>[^"'\`\\\\]{1,200})\\1${COMMA}${QUOTE}${LABEL_FIELD}`,
  'di',
);
const MAX_SIBLING = 320;

const ELEMENT = /<(?:[\w.-]{1,40}:)?$/;
const MAX_ELEMENT = 42;
const TAG_END = /(?:["'\s][^<>]{0,500})?>/y;
const INNER_TAG = /\s{0,64}<[\w:.-]{1,60}(?:\s[^<>]{0,300})?>/y;
const CDATA = /\s{0,64}<!\[CDATA\[/y;

interface Reader {
  /** The value of a name; undefined if it is not a secret. */
  readonly valueOf: (name: string, start: number, end: number) => Range | undefined;
  /** Whether the name that starts here is an XML element's. */
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

  const before = (at: number, most: number): string => text.slice(Math.max(0, at - most), at);

  function isElement(start: number): boolean {
    const previous = text.charAt(start - 1);
    return previous === '<' || (previous === ':' && ELEMENT.test(before(start, MAX_ELEMENT)));
  }

  function valueOf(name: string, start: number, end: number): Range | undefined {
    if (!isSecretName(name)) return undefined;
    if (isElement(start)) return text.charAt(end) === '/' ? undefined : elementValue(end);
    const separator = matchAt(SEPARATOR, text, end);
    if (separator !== null) return separatedValue(name, start, separator, end + separator[0].length);
    const option = text.startsWith('--', start - 2) || name.startsWith('--') ? matchAt(OPTION_VALUE, text, end) : null;
    if (option !== null) return plainValue(name, end + option[0].length, false);
    return NAME_FIELD.test(before(start, MAX_NAME_FIELD)) ? siblingValue(name, start, end) : undefined;
  }

  function siblingValue(name: string, start: number, end: number): Range | undefined {
    const sibling = matchAt(SIBLING_VALUE, text, end);
    if (sibling !== null) return plainValue(name, end + sibling[0].length, false);
    const [first, last] = SIBLING_BEFORE.exec(before(start, MAX_SIBLING))?.indices?.groups?.['value'] ?? [0, 0];
    const offset = Math.max(0, start - MAX_SIBLING);
    if (last > first) return range(offset + first, offset + last);
    const isAttribute = matchAt(TAG_END, text, end) !== null && before(start, MAX_TAG).includes('<');
    return isAttribute ? elementValue(end) : undefined;
  }

  function separatedValue(
    name: string,
    start: number,
    [, quote = '', sign = '', space = '']: RegExpExecArray,
    at: number,
  ): Range | undefined {
    const isColon = sign === ':' || sign === '==';
    const isAlias = sign === '==' || ALIAS.test(before(start, MAX_ALIAS_KIND));
    if (isColon && text.charAt(start - 1) === ':' && isAlias) return undefined;
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
    return isSecretText(text.slice(start, end)) ? { start, end } : undefined;
  }

  function lineEnd(start: number): number {
    return Math.min(nextLine(start), nextDoubleQuote(start));
  }

  /** Another `;name=` follows on the line or in the quotes, and the name follows a `;` or is the first. */
  function isConnectionString(nameStart: number, start: number): boolean {
    const semicolon = nextSemicolon(start);
    const isLast = semicolon >= lineEnd(start);
    if (isLast) return false;
    const previous = before(nameStart, 3).trimEnd();
    const isFirst = nameStart === 0 || /["'`\n]$/.test(previous);
    return previous.endsWith(';') || (isFirst && matchAt(NEXT_PAIR, text, semicolon) !== null);
  }

  /** Never after the end of the line. The number of backslashes before a quote decides whether it ends the value. */
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

/** Characters of a tag before a name in it. */
const MAX_TAG = 300;
const BACKSLASH = characterSet(/\\/);
const WORD = characterSet(/[^\s,;&"'`()[\]{}<>\\]/);
/** A comma or quote ends a word only before one of these: the end, a blank, a bracket, or another name. */
const ENDS_WORD = /$|[\s,;&"'`)\]}<>\\]|[\w.-]{1,60}["']?\s?[:=]/y;
/** An escaped quote or line end belongs to the text around this one. */
const ENDS_ESCAPE = /["'`nrt]/;
const NEXT_PAIR = /;\s{0,2}[\w ]{1,40}=/y;

import { isSecretText, mark } from './mark';
import type { RedactionKind } from './redaction-table';
import { isLabelledValue, isSecretName, labelsSecret } from './secret-names';
import { characterSet, endWhile, replaceRanges, type Range } from './text-search';

/** Redacts the content of a string, or of comments. */
type RedactPart = (part: string, isComment: boolean) => string;
/** Notes a secret and returns its mark. */
type Found = (kind: RedactionKind) => string;

/**
 * Redacts a text that is JSON or HuJSON. A string stays one string and a comment stays a comment; a secret number becomes
 * a string; everything else is unchanged. All values in a list or object with a secret's name are secret, except under
 * the name `secret`: a policy grants access to secrets by their names.
 *
 * @returns undefined if the text is not JSON.
 */
export function redactJsonText(text: string, redactPart: RedactPart, found: Found): string | undefined {
  if (!/^\uFEFF?\s{0,1000}(?:\/[/*]|[{["])/.test(text)) return undefined;
  // Redacting the parts of a text that then turns out not to be JSON would cost much more than reading it twice.
  if (!new JsonTextReader(text, (part) => part, mark).read()) return undefined;
  const reader = new JsonTextReader(text, redactPart, found);
  return reader.read() ? replaceRanges(text, reader.replacements, ({ text: replacement }) => replacement) : undefined;
}

/** Levels of nesting that are followed. A policy has about six. */
const MAX_DEPTH = 1_000;

/** A string with its quotes, or a number or literal. */
interface Scalar extends Range {
  readonly content: string;
  readonly isString: boolean;
}

/** A list or object that is being read. */
interface Container {
  readonly isList: boolean;
  /** It is inside the value of a secret's name. */
  readonly isInSecret: boolean;
  key: string;
  /** The value of `key` is secret. */
  isSecret: boolean;
  hasSecretLabel: boolean;
  /** Values that are secret if a sibling field says so. */
  readonly labelled: Scalar[];
}

const BLANK = characterSet(/[ \t\r\n]/);
const BARE = characterSet(/[\w.+-]/);
const LITERALS = new Set(['true', 'false', 'null']);

class JsonTextReader {
  readonly replacements: (Range & { readonly text: string })[] = [];
  private at: number;
  private readonly open: Container[] = [];

  constructor(
    private readonly text: string,
    private readonly redactPart: RedactPart,
    private readonly found: Found,
  ) {
    this.at = text.startsWith('\uFEFF') ? 1 : 0;
  }

  /** Reads the whole text; false if it is not JSON or HuJSON. */
  read(): boolean {
    let expected: 'value' | 'item' | 'member' | 'next' = 'value';
    for (;;) {
      if (!this.skipBlanks()) return false;
      const container = this.open.at(-1);
      const character = this.text.charAt(this.at);
      if (expected === 'next' && container === undefined) return this.at === this.text.length;
      if (expected !== 'value' && character === (container?.isList === true ? ']' : '}')) {
        this.endContainer();
        expected = 'next';
      } else if (expected === 'next') {
        if (character !== ',') return false;
        this.at += 1;
        expected = container?.isList === true ? 'item' : 'member';
      } else if (expected === 'member') {
        if (container === undefined || !this.readKey(container)) return false;
        expected = 'value';
      } else if (character === '{' || character === '[') {
        if (this.open.length >= MAX_DEPTH) return false;
        this.beginContainer(character === '[', container);
        expected = character === '[' ? 'item' : 'member';
      } else {
        if (!this.readValue(container)) return false;
        expected = 'next';
      }
    }
  }

  private beginContainer(isList: boolean, parent: Container | undefined): void {
    this.at += 1;
    const isInSecret = parent?.isSecret === true && !/^secrets?$/i.test(parent.key);
    this.open.push({ isList, isInSecret, key: '', isSecret: isInSecret, hasSecretLabel: false, labelled: [] });
  }

  private endContainer(): void {
    this.at += 1;
    const { labelled = [], hasSecretLabel = false } = this.open.pop() ?? {};
    for (const scalar of labelled) this.redact(scalar, hasSecretLabel);
  }

  private readKey(container: Container): boolean {
    const key = this.text.charAt(this.at) === '"' ? this.readScalar() : undefined;
    if (key === undefined || !this.skipBlanks() || this.text.charAt(this.at) !== ':') return false;
    this.at += 1;
    container.key = key.content;
    container.isSecret = container.isInSecret || isSecretName(key.content);
    this.redact(key, false);
    return true;
  }

  private readValue(container: Container | undefined): boolean {
    const scalar = this.readScalar();
    if (scalar === undefined) return false;
    if (container === undefined) this.redact(scalar, false);
    else {
      const { key, isSecret } = container;
      if (scalar.isString && labelsSecret(key, scalar.content)) container.hasSecretLabel = true;
      if (!isSecret && isLabelledValue(key)) container.labelled.push(scalar);
      else this.redact(scalar, isSecret);
    }
    return true;
  }

  private redact({ start, end, content, isString }: Scalar, isSecret: boolean): void {
    if (!isString && (!isSecret || LITERALS.has(content))) return;
    const redacted =
      isString && (!isSecret || content.startsWith('tskey-')) ? this.redactPart(content, false) : content;
    const left = isSecret && isSecretText(redacted) ? this.found('property') : redacted;
    if (left === content) return;
    // Slashes stay escaped where they were.
    const isSlashEscaped = this.text.slice(start, end).includes('\\/');
    const text = isSlashEscaped ? JSON.stringify(left).replaceAll('/', '\\/') : JSON.stringify(left);
    this.replacements.push({ start, end, text });
  }

  private readScalar(): Scalar | undefined {
    const start = this.at;
    const isString = this.text.charAt(start) === '"';
    const end = isString ? this.stringEnd(start) : endWhile(this.text, start, BARE);
    if (end === -1) return undefined;
    this.at = end;
    const content = isString ? unescaped(this.text.slice(start + 1, end - 1)) : this.text.slice(start, end);
    const isValid = isString || /^[-\d]/.test(content ?? '') || LITERALS.has(content ?? '');
    return content !== undefined && isValid ? { start, end, content, isString } : undefined;
  }

  /** Index after the closing quote; -1 if it is missing, or if a control character precedes it. */
  private stringEnd(start: number): number {
    for (let at = start + 1; at < this.text.length; at += 1) {
      const code = this.text.charCodeAt(at);
      if (code === 0x22) return at + 1;
      if (code < 0x20) return -1;
      if (code === 0x5c) at += 1;
    }
    return -1;
  }

  /** Skips white space and comments; false if a comment is not closed, or a slash begins none. */
  private skipBlanks(): boolean {
    /** Start of the line comments that end at `at`, else -1. They are one text: a key may span lines. */
    let lines = -1;
    for (;;) {
      const before = this.at;
      this.at = endWhile(this.text, before, BLANK);
      const opening = this.text.slice(this.at, this.at + 2);
      if (lines !== -1 && opening !== '//') {
        this.redactComment(lines, before);
        lines = -1;
      }
      if (!opening.startsWith('/')) return true;
      if (opening === '//') {
        if (lines === -1) lines = this.at;
        const end = this.text.indexOf('\n', this.at);
        this.at = end === -1 ? this.text.length : end;
      } else {
        const end = opening === '/*' ? this.text.indexOf('*/', this.at + 2) : -1;
        if (end === -1) return false;
        this.redactComment(this.at, end + 2);
        this.at = end + 2;
      }
    }
  }

  private redactComment(start: number, end: number): void {
    const isBlock = this.text.startsWith('/*', start);
    const content = isBlock ? this.text.slice(start + 2, end - 2) : this.text.slice(start, end);
    const left = this.redactPart(content, true);
    if (left === content) return;
    this.replacements.push({ start, end, text: isBlock ? `/*${left.replaceAll('*/', '* /')}*/` : asComment(left) });
  }
}

/** The content of a JSON string; undefined if it has an escape that JSON does not know. */
function unescaped(raw: string): string | undefined {
  if (!raw.includes('\\')) return raw;
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    return undefined;
  }
}

/** Makes every line of redacted comments a comment again. */
function asComment(text: string): string {
  return text
    .split('\n')
    .map((line) => (/^\s*(?:\/\/|$)/.test(line) ? line : `// ${line}`))
    .join('\n');
}

import { isLabelledValue, labelsSecret } from './labelled';
import { isSecretText } from './named-values';
import type { RedactionKind } from './redaction-table';
import { isSecretName } from './secret-names';
import { characterSet, endWhile } from './text-search';

/** Redacts the content of a string, or of comments. */
type Inner = (part: string, isComment: boolean) => string;
/** Notes a secret and gives its mark. */
type Found = (kind: RedactionKind) => string;

/**
 * Redacts a text that is JSON or HuJSON. A string stays one string and a comment stays a comment, whatever they hold; a
 * number under the name of a secret becomes a string. Everything else in the text stays as it is. Lists and objects under
 * such a name are secret throughout, but for those under `secret`: a policy grants access to secrets by their names.
 *
 * @returns undefined when the text is something else.
 */
export function redactJsonText(text: string, inner: Inner, found: Found): string | undefined {
  if (!LOOKS_LIKE_JSON.test(text) || !new JsonTextReader(text, null).document()) return undefined;
  const reader = new JsonTextReader(text, { inner, found });
  reader.document();
  return reader.written();
}

const LOOKS_LIKE_JSON = /^\uFEFF?\s{0,1000}(?:\/[/*]|[{["])/;

/** Levels of nesting that are followed. A policy has about six. */
const MAX_DEPTH = 1_000;

interface Part {
  /** The string with its quotes, the number, or the comments. */
  readonly start: number;
  readonly end: number;
}

interface Replacement extends Part {
  readonly text: string;
}

/** A list or an object that is being read. */
interface Frame {
  readonly isList: boolean;
  /** It stands under the name of a secret. */
  readonly isWithin: boolean;
  key: string;
  /** The value that is read next is a secret. */
  isSecret: boolean;
  hasSecretLabel: boolean;
  /** Values that are secret if another field says so. */
  readonly candidates: { readonly part: Part; readonly content: string }[];
}

const NONE: Frame['candidates'] = [];
const BLANK = characterSet(/[ \t\r\n]/);
const BARE = characterSet(/[\w.+-]/);
const NUMBER_START = /[-\d]/;
const WORDS: ReadonlySet<string> = new Set(['true', 'false', 'null']);

class JsonTextReader {
  private at: number;
  private readonly stack: Frame[] = [];
  private readonly replacements: Replacement[] = [];
  /** Line comments on end, or one block comment. */
  private comments: Part | undefined;

  constructor(
    private readonly text: string,
    /** null: only to see whether the text is JSON. */
    private readonly redact: { readonly inner: Inner; readonly found: Found } | null,
  ) {
    this.at = text.startsWith('\uFEFF') ? 1 : 0;
  }

  written(): string {
    const out: string[] = [];
    let copied = 0;
    for (const { start, end, text } of this.replacements.sort((a, b) => a.start - b.start)) {
      out.push(this.text.slice(copied, start), text);
      copied = end;
    }
    return out.join('') + this.text.slice(copied);
  }

  /** Whether the text is JSON or HuJSON. */
  document(): boolean {
    let expected: 'value' | 'item' | 'member' | 'next' = 'value';
    for (;;) {
      if (!this.blanks()) return false;
      const frame = this.stack.at(-1);
      const character = this.text.charAt(this.at);
      if (expected === 'next' && frame === undefined) return this.at === this.text.length;
      if (expected !== 'value' && character === (frame?.isList === true ? ']' : '}')) {
        this.close();
        expected = 'next';
      } else if (expected === 'next') {
        if (character !== ',') return false;
        this.at += 1;
        expected = frame?.isList === true ? 'item' : 'member';
      } else if (expected === 'member') {
        if (!this.key(frame)) return false;
        expected = 'value';
      } else if (character === '{' || character === '[') {
        if (this.stack.length >= MAX_DEPTH) return false;
        this.open(character === '[', frame);
        this.at += 1;
        expected = character === '[' ? 'item' : 'member';
      } else {
        if (!this.scalar(frame)) return false;
        expected = 'next';
      }
    }
  }

  private open(isList: boolean, parent: Frame | undefined): void {
    const isWithin = parent?.isSecret === true && !/^secrets?$/i.test(parent.key);
    this.stack.push({
      isList,
      isWithin,
      key: '',
      isSecret: isWithin,
      hasSecretLabel: false,
      candidates: isList ? NONE : [],
    });
  }

  private close(): void {
    const frame = this.stack.pop();
    this.at += 1;
    for (const { part, content } of frame?.candidates ?? []) this.decide(part, content, frame?.hasSecretLabel === true);
  }

  private key(frame: Frame | undefined): boolean {
    const part = this.string();
    const content = part === undefined ? undefined : this.content(part);
    if (
      part === undefined ||
      content === undefined ||
      frame === undefined ||
      !this.blanks() ||
      this.text.charAt(this.at) !== ':'
    )
      return false;
    this.at += 1;
    frame.key = content;
    frame.isSecret = frame.isWithin || isSecretName(content);
    this.decide(part, content, false);
    return true;
  }

  private scalar(frame: Frame | undefined): boolean {
    const isString = this.text.charAt(this.at) === '"';
    const part = isString ? this.string() : this.bare();
    const content = part === undefined ? undefined : this.content(part);
    if (part === undefined || content === undefined) return false;
    if (isString && frame !== undefined && labelsSecret(frame.key, content)) frame.hasSecretLabel = true;
    if (frame !== undefined && !frame.isSecret && isLabelledValue(frame.key)) frame.candidates.push({ part, content });
    else this.decide(part, content, frame?.isSecret === true);
    return true;
  }

  private decide(part: Part, content: string, isSecret: boolean): void {
    const isString = this.text.charAt(part.start) === '"';
    if (this.redact === null || (!isString && (!isSecret || WORDS.has(content)))) return;
    const cleaned =
      isString && (!isSecret || content.startsWith('tskey-')) ? this.redact.inner(content, false) : content;
    const left = isSecret && isSecretText(cleaned) ? this.redact.found('property') : cleaned;
    if (left !== content) this.replacements.push({ ...part, text: this.stringText(part, left) });
  }

  /** Slashes are escaped where they were, so that the rest of the text stays as it was. */
  private stringText({ start, end }: Part, content: string): string {
    const text = JSON.stringify(content);
    return this.text.slice(start, end).includes('\\/') ? text.replaceAll('/', '\\/') : text;
  }

  /** undefined: no JSON has such an escape. */
  private content({ start, end }: Part): string | undefined {
    if (this.text.charAt(start) !== '"') return this.text.slice(start, end);
    const raw = this.text.slice(start + 1, end - 1);
    if (!raw.includes('\\')) return raw;
    try {
      return String(JSON.parse(`"${raw}"`));
    } catch {
      return undefined;
    }
  }

  private string(): Part | undefined {
    const start = this.at;
    if (this.text.charAt(start) !== '"') return undefined;
    for (let at = start + 1; at < this.text.length; at += 1) {
      const code = this.text.charCodeAt(at);
      if (code === 0x22) {
        this.at = at + 1;
        return { start, end: this.at };
      }
      if (code < 0x20) return undefined;
      if (code === 0x5c) at += 1;
    }
    return undefined;
  }

  private bare(): Part | undefined {
    const start = this.at;
    const end = endWhile(this.text, start, BARE);
    this.at = end;
    const isValue =
      NUMBER_START.test(this.text.charAt(start)) || WORDS.has(this.text.slice(start, Math.min(end, start + 6)));
    return end > start && isValue ? { start, end } : undefined;
  }

  /** Past white space and comments. false: a comment is not closed, or a slash begins none. */
  private blanks(): boolean {
    for (;;) {
      this.at = endWhile(this.text, this.at, BLANK);
      if (this.text.charAt(this.at) !== '/') break;
      const isBlock = this.text.charAt(this.at + 1) === '*';
      if (!isBlock && this.text.charAt(this.at + 1) !== '/') return false;
      const closing = this.text.indexOf(isBlock ? '*/' : '\n', this.at + 2);
      if (isBlock && closing === -1) return false;
      const end = closing === -1 ? this.text.length : isBlock ? closing + 2 : closing;
      if (isBlock) this.flushComments();
      this.comments = { start: this.comments?.start ?? this.at, end };
      if (isBlock) this.flushComments();
      this.at = end;
    }
    this.flushComments();
    return true;
  }

  /** What is commented out line by line is searched as one text: a key may go over several lines. */
  private flushComments(): void {
    if (this.comments === undefined || this.redact === null) return;
    const { start, end } = this.comments;
    this.comments = undefined;
    const whole = this.text.slice(start, end);
    const isBlock = whole.startsWith('/*');
    const content = isBlock ? whole.slice(2, -2) : whole;
    const left = this.redact.inner(content, true);
    if (left !== content)
      this.replacements.push({ start, end, text: isBlock ? `/*${left.replaceAll('*/', '* /')}*/` : commented(left) });
  }
}

/** Every line stays a comment. */
function commented(text: string): string {
  return text
    .split('\n')
    .map((line) => (/^\s*(?:\/\/|$)/.test(line) ? line : `// ${line}`))
    .join('\n');
}

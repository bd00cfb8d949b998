/** Levels of nesting; a policy has about six. Deeper text is refused, so that hostile nesting cannot exhaust the stack. */
export const MAX_DEPTH = 200;
/**
 * Values in one file. Bounds memory and time of a comparison: two sides of this size take about 150 MB. Real policies have
 * a few thousand values (0.5 to 23 KB, seen in November 2026). With more, the file counts as one that cannot be read.
 */
export const MAX_VALUES = 75_000;

/** A plain JSON value. Objects hold own properties only, also for the key `__proto__`. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A value and the line, from 1, on which it begins. */
export type JsonNode =
  | { readonly kind: 'object'; readonly line: number; readonly members: ReadonlyMap<string, JsonNode> }
  | { readonly kind: 'array'; readonly line: number; readonly items: readonly JsonNode[] }
  | { readonly kind: 'scalar'; readonly line: number; readonly value: string | number | boolean | null };

/** Keys that came again which are noted; of more there is no use. */
export const MAX_DUPLICATES = 1_000;

/** A key that came again in the same object; the later value counts. */
export interface DuplicateKey {
  readonly key: string;
  /** Of the object that has the key twice: names and indexes from the top. */
  readonly path: readonly (string | number)[];
  readonly line: number;
}

/** Line and column count from 1; the column is in UTF-16 units. */
export interface HujsonError {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

export type HujsonResult =
  | { readonly ok: true; readonly root: JsonNode; readonly duplicates: readonly DuplicateKey[] }
  | { readonly ok: false; readonly error: HujsonError };

/** Reads HuJSON: JSON with line comments, block comments and trailing commas, nothing else. Total. */
export function readHujson(text: string): HujsonResult {
  const reader = new Reader(text);
  try {
    const root = reader.document();
    return { ok: true, root, duplicates: reader.duplicates };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, error: error.where };
    throw error;
  }
}

/** The node as a plain value. */
export function toJson(node: JsonNode): Json {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'array') return node.items.map(toJson);
  return Object.fromEntries([...node.members].map(([key, member]) => [key, toJson(member)]));
}

class Refused extends Error {
  constructor(readonly where: HujsonError) {
    super(where.message);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;
const [TAB, LF, CR, SPACE, QUOTE, STAR, COMMA, SLASH, COLON, BACKSLASH] = [9, 10, 13, 32, 34, 42, 44, 47, 58, 92];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125];

class Reader {
  readonly duplicates: DuplicateKey[] = [];
  private readonly path: (string | number)[] = [];
  private at: number;
  private line = 1;
  private values = 0;

  constructor(private readonly text: string) {
    this.at = text.startsWith('\uFEFF') ? 1 : 0;
  }

  document(): JsonNode {
    this.skipBlanks();
    const root = this.value();
    this.skipBlanks();
    if (this.at < this.text.length) this.refuse('something follows the end of the value');
    return root;
  }

  private value(): JsonNode {
    this.values += 1;
    if (this.values > MAX_VALUES) this.refuse(`more than ${MAX_VALUES} values`);
    if (this.path.length > MAX_DEPTH) this.refuse(`nested deeper than ${MAX_DEPTH} levels`);
    const line = this.line;
    const code = this.text.charCodeAt(this.at);
    if (code === OPEN_OBJECT) return { kind: 'object', line, members: this.members() };
    if (code === OPEN_ARRAY) return { kind: 'array', line, items: this.items() };
    if (code === QUOTE) return { kind: 'scalar', line, value: this.string() };
    return { kind: 'scalar', line, value: this.wordOrNumber() };
  }

  private members(): Map<string, JsonNode> {
    const members = new Map<string, JsonNode>();
    this.list(CLOSE_OBJECT, () => {
      if (this.text.charCodeAt(this.at) !== QUOTE) this.refuse('a key in double quotes is expected');
      const line = this.line;
      const key = this.string();
      if (members.has(key) && this.duplicates.length < MAX_DUPLICATES)
        this.duplicates.push({ key, path: [...this.path], line });
      this.skipBlanks();
      if (this.text.charCodeAt(this.at) !== COLON) this.refuse('a colon is expected after a key');
      this.at += 1;
      this.skipBlanks();
      this.path.push(key);
      members.set(key, this.value());
      this.path.pop();
    });
    return members;
  }

  private items(): JsonNode[] {
    const items: JsonNode[] = [];
    this.list(CLOSE_ARRAY, () => {
      this.path.push(items.length);
      items.push(this.value());
      this.path.pop();
    });
    return items;
  }

  /** From the opening bracket past the closing one. */
  private list(close: number, element: () => void): void {
    this.at += 1;
    this.skipBlanks();
    while (this.text.charCodeAt(this.at) !== close) {
      element();
      this.skipBlanks();
      const code = this.text.charCodeAt(this.at);
      if (code === COMMA) {
        this.at += 1;
        this.skipBlanks();
      } else if (code !== close) {
        this.refuse('a comma or the closing bracket is expected');
      }
    }
    this.at += 1;
  }

  private string(): string {
    const start = this.at;
    let plain = true;
    for (this.at += 1; ; this.at += 1) {
      const code = this.text.charCodeAt(this.at);
      if (code === QUOTE) break;
      if (!(code >= SPACE)) this.refuse('a string is not closed on its line, or holds a control character');
      if (code === BACKSLASH) {
        plain = false;
        this.at += 1;
      }
    }
    this.at += 1;
    if (plain) return this.text.slice(start + 1, this.at - 1);
    try {
      return String(JSON.parse(this.text.slice(start, this.at)));
    } catch {
      this.at = start;
      return this.refuse('a string holds an escape that JSON does not have');
    }
  }

  private wordOrNumber(): number | string | boolean | null {
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    NUMBER.lastIndex = this.at;
    const digits = NUMBER.exec(this.text)?.[0];
    if (digits === undefined)
      return this.refuse(
        this.at < this.text.length ? 'a value is expected' : 'the text ends where a value is expected',
      );
    this.at += digits.length;
    const number = Number(digits);
    // A double would lose these digits, and JSON has no infinity.
    return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : digits;
  }

  /** Past white space and comments. */
  private skipBlanks(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === LF) this.line += 1;
      else if (code === SLASH) this.comment();
      else if (code !== SPACE && code !== TAB && code !== CR) return;
      this.at += 1;
    }
  }

  /** To the last character of the comment. */
  private comment(): void {
    const kind = this.text.charCodeAt(this.at + 1);
    if (kind === SLASH) {
      const end = this.text.indexOf('\n', this.at);
      this.at = end === -1 ? this.text.length : end - 1;
    } else if (kind === STAR) {
      const end = this.text.indexOf('*/', this.at + 2);
      if (end === -1) this.refuse('a comment is not closed');
      // Not by searching for line ends: where there is none, each comment would search the rest of the text.
      for (let at = this.at; at < end; at += 1) if (this.text.charCodeAt(at) === LF) this.line += 1;
      this.at = end + 1;
    } else {
      this.refuse('a comment is expected after a slash');
    }
  }

  private refuse(message: string): never {
    const at = Math.min(this.at, this.text.length);
    throw new Refused({ message, line: this.line, column: at - this.text.lastIndexOf('\n', at - 1) });
  }
}

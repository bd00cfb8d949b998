/** Maximum levels of nesting, so that hostile nesting cannot exhaust the stack. A policy has about six. */
export const MAX_DEPTH = 200;
/**
 * Maximum number of values in one file. Bounds the memory and time of a comparison: two sides of this size take about
 * 150 MB. Real policies have a few thousand values (0.5 to 23 KB, seen in November 2026).
 */
const MAX_VALUES = 75_000;
/** Maximum number of duplicate keys that are reported. */
export const MAX_DUPLICATES = 1_000;

/** A plain JSON value. Objects have own properties only, also for the key `__proto__`. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** A value and the line, from 1, on which it begins. */
export type JsonNode =
  | { readonly kind: 'object'; readonly line: number; readonly members: ReadonlyMap<string, JsonNode> }
  | { readonly kind: 'array'; readonly line: number; readonly items: readonly JsonNode[] }
  | { readonly kind: 'scalar'; readonly line: number; readonly value: string | number | boolean | null };

/** A key that occurs again in the same object; the later value counts. */
export interface DuplicateKey {
  readonly key: string;
  /** Path of the object: names and indexes from the top. */
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

/** Reads HuJSON: JSON with line comments, block comments and trailing commas, nothing else. Never throws. */
export function readHujson(text: string): HujsonResult {
  const reader = new Reader(text);
  try {
    const root = reader.document();
    return { ok: true, root, duplicates: reader.duplicates };
  } catch (error) {
    if (error instanceof SyntaxFault) return { ok: false, error: error.where };
    throw error;
  }
}

/** The node as a plain value. */
export function toJson(node: JsonNode): Json {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'array') return node.items.map(toJson);
  return Object.fromEntries([...node.members].map(([key, member]) => [key, toJson(member)]));
}

class SyntaxFault extends Error {
  constructor(readonly where: HujsonError) {
    super(where.message);
  }
}

const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

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
    if (this.at < this.text.length) this.fail('unexpected text after the end of the value');
    return root;
  }

  private value(): JsonNode {
    this.values += 1;
    if (this.values > MAX_VALUES) this.fail(`more than ${MAX_VALUES} values`);
    if (this.path.length > MAX_DEPTH) this.fail(`nested deeper than ${MAX_DEPTH} levels`);
    const { line } = this;
    const first = this.text[this.at];
    if (first === '{') return { kind: 'object', line, members: this.members() };
    if (first === '[') return { kind: 'array', line, items: this.items() };
    return { kind: 'scalar', line, value: first === '"' ? this.string() : this.literal() };
  }

  private members(): Map<string, JsonNode> {
    const members = new Map<string, JsonNode>();
    this.list('}', () => {
      if (this.text[this.at] !== '"') this.fail('expected a key in double quotes');
      const { line } = this;
      const key = this.string();
      if (members.has(key) && this.duplicates.length < MAX_DUPLICATES)
        this.duplicates.push({ key, path: [...this.path], line });
      this.skipBlanks();
      if (this.text[this.at] !== ':') this.fail('expected a colon after the key');
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
    this.list(']', () => {
      this.path.push(items.length);
      items.push(this.value());
      this.path.pop();
    });
    return items;
  }

  /** From the opening bracket past the closing one. */
  private list(close: string, element: () => void): void {
    this.at += 1;
    this.skipBlanks();
    while (this.text[this.at] !== close) {
      element();
      this.skipBlanks();
      if (this.text[this.at] === ',') {
        this.at += 1;
        this.skipBlanks();
      } else if (this.text[this.at] !== close) this.fail('expected a comma or the closing bracket');
    }
    this.at += 1;
  }

  private string(): string {
    const start = this.at;
    let isPlain = true;
    for (this.at += 1; this.text[this.at] !== '"'; this.at += 1) {
      const character = this.text[this.at];
      if (character === undefined || character < ' ')
        this.fail('a string is not closed on its line, or contains a control character');
      if (character === '\\') {
        isPlain = false;
        this.at += 1;
      }
    }
    this.at += 1;
    if (isPlain) return this.text.slice(start + 1, this.at - 1);
    try {
      return String(JSON.parse(this.text.slice(start, this.at)));
    } catch {
      this.at = start;
      return this.fail('a string contains an escape that JSON does not have');
    }
  }

  private literal(): number | string | boolean | null {
    LITERAL.lastIndex = this.at;
    const found = LITERAL.exec(this.text)?.[0];
    if (found === undefined)
      return this.fail(this.at < this.text.length ? 'expected a value' : 'the text ends where a value is expected');
    this.at += found.length;
    if (found === 'null') return null;
    if (found === 'true' || found === 'false') return found === 'true';
    const number = Number(found);
    // A double would lose the digits of a large integer, and JSON has no infinity.
    return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : found;
  }

  /** Past white space and comments. */
  private skipBlanks(): void {
    for (;;) {
      const character = this.text[this.at];
      if (character === '\n') this.line += 1;
      else if (character === '/') this.comment();
      else if (character !== ' ' && character !== '\t' && character !== '\r') return;
      this.at += 1;
    }
  }

  /** To the last character of the comment. */
  private comment(): void {
    const kind = this.text[this.at + 1];
    if (kind === '/') {
      const end = this.text.indexOf('\n', this.at);
      this.at = end === -1 ? this.text.length : end - 1;
    } else if (kind === '*') {
      const end = this.text.indexOf('*/', this.at + 2);
      if (end === -1) this.fail('a comment is not closed');
      // Not by searching for line ends: in a text without any, each comment would search the rest of the text.
      for (let at = this.at; at < end; at += 1) if (this.text[at] === '\n') this.line += 1;
      this.at = end + 1;
    } else this.fail('expected a comment after the slash');
  }

  private fail(message: string): never {
    const at = Math.min(this.at, this.text.length);
    throw new SyntaxFault({ message, line: this.line, column: at - this.text.lastIndexOf('\n', at - 1) });
  }
}

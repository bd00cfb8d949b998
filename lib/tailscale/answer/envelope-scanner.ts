import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { ByteBuffer } from './byte-buffer';
import type { Envelope, WrittenString } from './envelope';
import type { Scanned } from './record';
import { BYTE, ValueScanner } from './value-scanner';

/** Bytes kept of one value, by its role. */
const MAX_KEPT = {
  /** The keys that are read have ten characters at most: 62 bytes with every one escaped. */
  key: 128,
  /** The longest cursor, with every character escaped. */
  string: 6 * 64 * 1024 + 2,
  /**
   * A policy edit has both sides of a policy, and the largest policies known have some MB. A record is in memory several
   * times at once (bytes, text, parsed), for four connectors at a time.
   */
  record: 16 * 1024 * 1024,
  null: 64,
  /** Enough to see whether it is a JSON number or word. */
  skipped: 64,
} as const;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** No UTF-8 text has this byte or a greater one. */
const NOT_UTF8 = 0xf5;

export type Item =
  /** A list begins, or is null. */
  | { readonly kind: 'list' }
  | { readonly kind: 'string'; readonly name: string; readonly value: WrittenString | null }
  | { readonly kind: 'record'; readonly raw: Uint8Array; readonly scanned: Scanned }
  /** The next bytes of a record that is too large. */
  | { readonly kind: 'part'; readonly bytes: Uint8Array }
  /** The end of that record, and how many bytes it had. */
  | { readonly kind: 'oversized'; readonly bytes: number };

/** A value that is being read. */
interface Capture {
  readonly role: keyof typeof MAX_KEPT;
  readonly scanner: ValueScanner;
  readonly hash: Hash | null;
  bytes: number;
}

/** For every state between values: the state that a punctuation mark leads to. */
const STEPS = {
  start: { '{': 'first key' },
  'first key': { '}': 'end' },
  key: {},
  colon: { ':': 'value' },
  value: {},
  'after value': { ',': 'key', '}': 'end' },
  'first record': { ']': 'after value' },
  record: {},
  'after record': { ',': 'record', ']': 'after value' },
  end: {},
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

type State = keyof typeof STEPS;

/**
 * Reads a JSON object while its bytes arrive: gives each record of its lists, and its known strings. Holds one record at
 * most. Checks the punctuation between values; of a value it only finds the end.
 */
export class EnvelopeScanner {
  #state: State = 'start';
  #chunk: Uint8Array = new Uint8Array();
  #at = 0;
  #key = '';
  #markBytes = 0;
  #capture: Capture | null = null;
  readonly #kept = new ByteBuffer();

  /** @param problem Makes the error for an answer that is not such an object; `what` follows "the answer". */
  constructor(
    private readonly envelope: Pick<Envelope, 'lists' | 'strings'>,
    private readonly problem: (what: string) => Error,
  ) {}

  /** Adds bytes; only after `next` has returned null. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** The next item; null: more bytes are needed. @throws the error of `problem` */
  next(): Item | null {
    while (this.#at < this.#chunk.length || this.#capture?.scanner.isDone === true) {
      const item = this.#capture === null ? this.#between() : this.#goOn(this.#capture);
      if (item !== null) return item;
    }
    return null;
  }

  /** Call it at the end of the body. @throws the error of `problem` where the object is not complete */
  finish(): void {
    if (this.#state === 'start') throw this.problem('is empty');
    if (this.#state !== 'end') throw this.#notJson();
  }

  #between(): Item | null {
    while (isSpace(this.#chunk[this.#at])) this.#at += 1;
    const byte = this.#chunk[this.#at];
    if (byte === undefined) return null;
    const next = (STEPS[this.#state] as Readonly<Record<string, State>>)[String.fromCharCode(byte)];
    if (next !== undefined) return this.#moveTo(next);
    switch (this.#state) {
      case 'start':
        return this.#start(byte);
      case 'first key':
      case 'key':
        if (byte !== BYTE.quote) throw this.#notJson(byte);
        return this.#begin('key');
      case 'value':
        return this.#beginValue(byte);
      case 'first record':
      case 'record':
        return this.#begin('record');
      default:
        throw this.#notJson(byte);
    }
  }

  #start(byte: number): null {
    if (byte === BYTE_ORDER_MARK[this.#markBytes]) {
      this.#markBytes += 1;
      this.#at += 1;
      return null;
    }
    if (byte === BYTE.less)
      throw this.problem('is a web page, not JSON: check the API URL, and for a proxy in between');
    throw /[[\d"tfn-]/.test(String.fromCharCode(byte)) ? this.#unexpected('expected object') : this.#notJson(byte);
  }

  #beginValue(byte: number): Item | null {
    const type = this.#expectedType();
    if (type === null) return this.#begin('skipped');
    if (type === 'string' && byte === BYTE.quote) return this.#begin('string');
    if (type === 'string' || byte !== BYTE.openBracket) return this.#begin('null');
    this.#moveTo('first record');
    return { kind: 'list' };
  }

  #expectedType(): 'array' | 'string' | null {
    if (this.envelope.lists.includes(this.#key)) return 'array';
    return this.envelope.strings.includes(this.#key) ? 'string' : null;
  }

  #moveTo(state: State): null {
    this.#state = state;
    this.#at += 1;
    return null;
  }

  #begin(role: Capture['role']): null {
    this.#capture = {
      role,
      scanner: new ValueScanner(),
      hash: role === 'string' ? createHash('sha256') : null,
      bytes: 0,
    };
    return null;
  }

  #goOn(capture: Capture): Item | null {
    const { role, scanner, hash } = capture;
    const end = scanner.scan(this.#chunk, this.#at);
    const piece = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    capture.bytes += piece.length;
    hash?.update(piece);
    if (role === 'record' && capture.bytes > MAX_KEPT.record) {
      if (piece.length === 0) return this.#finish(capture);
      this.#kept.append(piece);
      return { kind: 'part', bytes: this.#kept.take() };
    }
    this.#kept.append(piece.subarray(0, Math.max(0, MAX_KEPT[role] - this.#kept.length)));
    return scanner.isDone ? this.#finish(capture) : null;
  }

  #finish({ role, bytes, scanner, hash }: Capture): Item | null {
    this.#capture = null;
    const raw = this.#kept.take();
    if (bytes === 0) throw this.#notJson();
    const isCut = bytes > raw.length;
    const name = this.#key;
    this.#state = role === 'key' ? 'colon' : role === 'record' ? 'after record' : 'after value';
    switch (role) {
      case 'key':
        this.#key = isCut ? '' : this.#decodeKey(raw);
        return null;
      case 'record':
        return bytes > MAX_KEPT.record ? { kind: 'oversized', bytes } : { kind: 'record', raw, scanned: scanner };
      case 'string':
        return { kind: 'string', name, value: { raw, isCut, digest: hash?.digest('hex') ?? '' } };
      case 'null': {
        const type = this.#expectedType();
        if (textOf(raw) !== 'null') throw this.#unexpected(`${name}: expected ${type}`);
        return type === 'array' ? { kind: 'list' } : { kind: 'string', name, value: null };
      }
      case 'skipped':
        if (!/^(?:["{[]|(?:true|false|null)$|-?\d[\d.eE+-]*$)/.test(textOf(raw))) throw this.#notJson(raw[0]);
        return null;
    }
  }

  #decodeKey(raw: Uint8Array): string {
    try {
      return String(JSON.parse(textOf(raw)));
    } catch {
      // The parser's message quotes the text, which may be a secret.
      throw this.#notJson();
    }
  }

  #unexpected(what: string): Error {
    return this.problem(`has an unexpected form: ${what}`);
  }

  #notJson(byte = 0): Error {
    return this.problem(byte >= NOT_UTF8 ? 'holds bytes that are not UTF-8' : 'is not whole JSON');
  }
}

function textOf(raw: Uint8Array): string {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString();
}

function isSpace(byte: number | undefined): boolean {
  return byte === BYTE.space || byte === BYTE.newline || byte === BYTE.carriageReturn || byte === BYTE.tab;
}

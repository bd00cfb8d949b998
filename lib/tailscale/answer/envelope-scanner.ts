import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { ByteBuffer } from './byte-buffer';
import type { Scanned } from './record';
import { BYTE, ValueScanner } from './value-scanner';

/**
 * Bytes. A policy edit has both sides of a policy, and the largest policies known have some MB. A record is in memory
 * several times at once (bytes, text, parsed), for four connectors at a time.
 */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** Bytes kept of a string of the envelope: a cursor of the longest kind, with every character escaped. */
const MAX_STRING_BYTES = 6 * 64 * 1024 + 2;

/** Bytes kept of a key. Ours have ten characters at most, which is 62 bytes with every one escaped. */
const MAX_KEY_BYTES = 128;

/** Bytes kept of a value that is skipped, to see whether it is a JSON number or word. */
const MAX_SKIPPED_BYTES = 64;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Bytes from here on are in no UTF-8 text. */
const NO_UTF8 = 0xf5;

/** What of an envelope is read; everything else is skipped. */
export interface EnvelopeKeys {
  /** Lists of records, or null. */
  readonly lists: readonly string[];
  /** Strings, or null. */
  readonly strings: readonly string[];
}

/** A string of the envelope as it was written, in quotes. */
export interface WrittenString {
  readonly raw: Uint8Array;
  /** `raw` is only its beginning. */
  readonly isCut: boolean;
  /** sha256 (hex) of the whole of it as it was written. */
  readonly digest: string;
}

export type Item =
  /** A list begins, or is null. */
  | { readonly kind: 'list' }
  | { readonly kind: 'string'; readonly name: string; readonly value: WrittenString | null }
  | { readonly kind: 'record'; readonly raw: Uint8Array; readonly scanned: Scanned }
  /** The next bytes of a record that is too large. */
  | { readonly kind: 'part'; readonly bytes: Uint8Array }
  /** That record's end, and how many bytes it had. */
  | { readonly kind: 'oversized'; readonly bytes: number };

/** A value that is being read. */
interface Capture {
  readonly role: 'key' | 'string' | 'record' | 'null' | 'skipped';
  readonly scanner: ValueScanner;
  readonly maxKept: number;
  readonly hash: Hash | null;
  readonly firstByte: number;
  bytes: number;
}

type State =
  | 'start'
  | 'first key'
  | 'key'
  | 'colon'
  | 'value'
  | 'after value'
  | 'first record'
  | 'record'
  | 'after record'
  | 'end';

/**
 * Takes a JSON object apart while its bytes arrive: gives each record of its lists as a slice, and its known strings. Memory
 * is bounded by one record, whatever comes. Strict between values; inside a value only its end is looked for.
 */
export class EnvelopeScanner {
  #state: State = 'start';
  #chunk: Uint8Array = new Uint8Array();
  #at = 0;
  #key = '';
  #markBytes = 0;
  #capture: Capture | null = null;
  readonly #kept = new ByteBuffer();

  /** @param problem Makes the error for an answer that is no such object; `what` follows "the answer". */
  constructor(
    private readonly keys: EnvelopeKeys,
    private readonly problem: (what: string) => Error,
  ) {}

  /** More bytes; only after `next` has given null. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** What comes next; null: needs more bytes. @throws the error of `problem`. */
  next(): Item | null {
    while (this.#at < this.#chunk.length || this.#capture?.scanner.isDone === true) {
      const item = this.#capture === null ? this.#between() : this.#goOn(this.#capture);
      if (item !== null) return item;
    }
    return null;
  }

  /** The body is over. @throws the error of `problem` where the object is not. */
  finish(): void {
    if (this.#state === 'start') throw this.problem('is empty');
    if (this.#state !== 'end') throw this.#notJson();
  }

  #between(): Item | null {
    while (isSpace(this.#chunk[this.#at])) this.#at += 1;
    const byte = this.#chunk[this.#at];
    return byte === undefined ? null : this.#step(byte);
  }

  #step(byte: number): Item | null {
    switch (this.#state) {
      case 'start':
        return this.#start(byte);
      case 'first key':
        if (byte === BYTE.closeBrace) return this.#moveTo('end');
        return this.#beginKey(byte);
      case 'key':
        return this.#beginKey(byte);
      case 'colon':
        if (byte === BYTE.colon) return this.#moveTo('value');
        throw this.#notJson(byte);
      case 'value':
        return this.#beginValue(byte);
      case 'after value':
        if (byte === BYTE.comma) return this.#moveTo('key');
        if (byte === BYTE.closeBrace) return this.#moveTo('end');
        throw this.#notJson(byte);
      case 'first record':
        if (byte === BYTE.closeBracket) return this.#moveTo('after value');
        return this.#begin('record', MAX_RECORD_BYTES, byte);
      case 'record':
        return this.#begin('record', MAX_RECORD_BYTES, byte);
      case 'after record':
        if (byte === BYTE.comma) return this.#moveTo('record');
        if (byte === BYTE.closeBracket) return this.#moveTo('after value');
        throw this.#notJson(byte);
      case 'end':
        throw this.#notJson(byte);
    }
  }

  #start(byte: number): null {
    if (byte === BYTE_ORDER_MARK[this.#markBytes]) {
      this.#markBytes += 1;
      this.#at += 1;
      return null;
    }
    if (byte === BYTE.openBrace) return this.#moveTo('first key');
    if (byte === BYTE.less)
      throw this.problem('is a web page, not JSON: check the API URL, and for a proxy in between');
    throw /[[\d"tfn-]/.test(String.fromCharCode(byte)) ? this.#unexpected('expected object') : this.#notJson(byte);
  }

  #beginKey(byte: number): null {
    if (byte !== BYTE.quote) throw this.#notJson(byte);
    return this.#begin('key', MAX_KEY_BYTES, byte);
  }

  #beginValue(byte: number): Item | null {
    const isBare = byte !== BYTE.quote && byte !== BYTE.openBrace && byte !== BYTE.openBracket;
    if (this.keys.lists.includes(this.#key)) {
      if (byte === BYTE.openBracket) {
        this.#moveTo('first record');
        return { kind: 'list' };
      }
      if (!isBare) throw this.#unexpected(`${this.#key}: expected array`);
      return this.#begin('null', MAX_SKIPPED_BYTES, byte);
    }
    if (this.keys.strings.includes(this.#key)) {
      if (byte === BYTE.quote) return this.#begin('string', MAX_STRING_BYTES, byte);
      if (!isBare) throw this.#unexpected(`${this.#key}: expected string`);
      return this.#begin('null', MAX_SKIPPED_BYTES, byte);
    }
    return this.#begin('skipped', MAX_SKIPPED_BYTES, byte);
  }

  #moveTo(state: State): null {
    this.#state = state;
    this.#at += 1;
    return null;
  }

  #begin(role: Capture['role'], maxKept: number, firstByte: number): null {
    this.#capture = {
      role,
      scanner: new ValueScanner(),
      maxKept,
      hash: role === 'string' ? createHash('sha256') : null,
      firstByte,
      bytes: 0,
    };
    return null;
  }

  #goOn(capture: Capture): Item | null {
    const end = capture.scanner.scan(this.#chunk, this.#at);
    const piece = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    capture.bytes += piece.length;
    capture.hash?.update(piece);
    if (capture.role === 'record' && capture.bytes > capture.maxKept) {
      if (piece.length === 0) return this.#finish(capture);
      this.#kept.append(piece);
      return { kind: 'part', bytes: this.#kept.take() };
    }
    this.#kept.append(piece.subarray(0, Math.max(0, capture.maxKept - this.#kept.length)));
    return capture.scanner.isDone ? this.#finish(capture) : null;
  }

  #finish(capture: Capture): Item | null {
    this.#capture = null;
    const { role, bytes, scanner } = capture;
    const raw = this.#kept.take();
    if (bytes === 0) throw this.#notJson();
    switch (role) {
      case 'key':
        this.#key = bytes > raw.length ? '' : this.#decodeKey(raw);
        this.#state = 'colon';
        return null;
      case 'record':
        this.#state = 'after record';
        return bytes > MAX_RECORD_BYTES ? { kind: 'oversized', bytes } : { kind: 'record', raw, scanned: scanner };
      case 'string':
        this.#state = 'after value';
        return {
          kind: 'string',
          name: this.#key,
          value: { raw, isCut: bytes > raw.length, digest: capture.hash?.digest('hex') ?? '' },
        };
      case 'null': {
        const isList = this.keys.lists.includes(this.#key);
        if (textOf(raw) !== 'null') throw this.#unexpected(`${this.#key}: expected ${isList ? 'array' : 'string'}`);
        this.#state = 'after value';
        return isList ? { kind: 'list' } : { kind: 'string', name: this.#key, value: null };
      }
      case 'skipped':
        if (!/^(?:["{[]|(?:true|false|null)$|-?\d[\d.eE+-]*$)/.test(textOf(raw)))
          throw this.#notJson(capture.firstByte);
        this.#state = 'after value';
        return null;
    }
  }

  #decodeKey(raw: Uint8Array): string {
    try {
      return String(JSON.parse(textOf(raw)));
    } catch {
      // The parser's message quotes the text, so it goes no further.
      throw this.#notJson();
    }
  }

  #unexpected(what: string): Error {
    return this.problem(`is not as it should be: ${what}`);
  }

  #notJson(byte = 0): Error {
    return this.problem(byte >= NO_UTF8 ? 'holds bytes that are no UTF-8' : 'is not whole JSON');
  }
}

function textOf(raw: Uint8Array): string {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString();
}

function isSpace(byte: number | undefined): boolean {
  return byte === BYTE.space || byte === BYTE.newline || byte === BYTE.carriageReturn || byte === BYTE.tab;
}

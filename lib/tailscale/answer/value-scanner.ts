/** ASCII codes. */
export const BYTE = {
  tab: 0x09,
  newline: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  quote: 0x22,
  comma: 0x2c,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  less: 0x3c,
  upperE: 0x45,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  lowerE: 0x65,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/** A number of fewer characters has fewer than 16 digits, so a double holds it. */
const LONG_NUMBER = 16;

/**
 * Finds where one JSON value ends, in chunks that are cut anywhere. Bytes of UTF-8 beyond ASCII never look like ASCII, so
 * it needs no decoding. It counts brackets without their kinds and checks nothing else: a value that is not JSON has an
 * end too. State is a few numbers, whatever comes.
 */
export class ValueScanner {
  isDone = false;
  /** Levels of brackets. */
  deepest = 0;
  /** Brackets and commas outside of strings: at least as many as there are values, less one. */
  parts = 0;
  /** Outside of strings there is something as long as a number that a double cannot hold, or with an exponent. */
  mayHoldLongNumber = false;

  #depth = 0;
  #inString = false;
  #isEscaped = false;
  /** Length of the number, word or other run of bytes that the last byte belongs to; 0 behind anything else. */
  #run = 0;
  #lastIsDigit = false;

  /**
   * Goes on at `from`, which is the value's first byte in the first call.
   *
   * @returns The index behind the value's last byte in this chunk; the chunk's length while it is not done.
   */
  scan(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length && !this.isDone)
      at = this.#inString ? this.#inStringFrom(chunk, at) : this.#outsideFrom(chunk, at);
    return at;
  }

  #inStringFrom(chunk: Uint8Array, from: number): number {
    let at = from;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      at += 1;
    }
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte === BYTE.backslash) {
        at += 1;
        if (at === chunk.length) this.#isEscaped = true;
      } else if (byte === BYTE.quote) {
        this.#inString = false;
        this.isDone = this.#depth === 0;
        return at + 1;
      }
    }
    return chunk.length;
  }

  #outsideFrom(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      switch (byte) {
        case BYTE.quote:
          if (this.#endsBare()) return at;
          this.#run = 0;
          this.#inString = true;
          return at + 1;
        case BYTE.openBrace:
        case BYTE.openBracket:
          if (this.#endsBare()) return at;
          this.#run = 0;
          this.parts += 1;
          this.#depth += 1;
          if (this.#depth > this.deepest) this.deepest = this.#depth;
          break;
        case BYTE.closeBrace:
        case BYTE.closeBracket:
          this.#run = 0;
          if (this.#depth === 0) return this.#doneAt(at);
          this.#depth -= 1;
          if (this.#depth === 0) return this.#doneAt(at + 1);
          break;
        case BYTE.comma:
        case BYTE.space:
        case BYTE.newline:
        case BYTE.carriageReturn:
        case BYTE.tab:
          if (this.#depth === 0) return this.#doneAt(at);
          if (byte === BYTE.comma) this.parts += 1;
          this.#run = 0;
          break;
        case BYTE.colon:
          this.#run = this.#depth === 0 ? this.#run + 1 : 0;
          break;
        default:
          this.#run += 1;
          if (this.#run >= LONG_NUMBER || (this.#lastIsDigit && (byte === BYTE.lowerE || byte === BYTE.upperE)))
            this.mayHoldLongNumber = true;
          this.#lastIsDigit = byte >= BYTE.zero && byte <= BYTE.nine;
      }
    }
    return chunk.length;
  }

  /** A number or word that is the whole value ends where a string or a bracket begins. */
  #endsBare(): boolean {
    this.isDone = this.#depth === 0 && this.#run > 0;
    return this.isDone;
  }

  #doneAt(end: number): number {
    this.isDone = true;
    return end;
  }
}

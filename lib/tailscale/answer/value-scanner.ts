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

/** Characters. A number with fewer has fewer than 16 digits, so a double holds it. */
const LONG_NUMBER = 16;

/**
 * Finds where one JSON value ends, in chunks that are cut anywhere. It decodes nothing, since no byte of a UTF-8 character
 * beyond ASCII looks like ASCII. It counts brackets without their kinds and checks nothing else: a value that is not JSON
 * ends too. Its memory is a few numbers.
 */
export class ValueScanner {
  isDone = false;
  /** Levels of brackets, at most. */
  deepest = 0;
  /** Brackets and commas outside of strings: at least as many as there are values, less one. */
  parts = 0;
  /** Some text outside of strings is as long as a number that a double cannot hold, or has an exponent. */
  mayHoldLongNumber = false;

  #depth = 0;
  #inString = false;
  #isEscaped = false;
  /** Length so far of the number or word that the last byte belongs to; 0 if it belongs to none. */
  #run = 0;
  #lastIsDigit = false;

  /**
   * Reads on from `from`, which is the value's first byte in the first call.
   *
   * @returns The index after the value's last byte; the chunk's length while the value has not ended.
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

  /** A number or word outside of brackets ends where a string or a bracket begins. */
  #endsBare(): boolean {
    this.isDone = this.#depth === 0 && this.#run > 0;
    return this.isDone;
  }

  #doneAt(end: number): number {
    this.isDone = true;
    return end;
  }
}

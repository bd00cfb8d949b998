/** Collects pieces of any size in time linear in their bytes: a body may come one byte at a time. */
export class ByteBuffer {
  #bytes = new Uint8Array(1_024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = needed;
  }

  /** Returns a copy of all bytes and empties the buffer. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    // After one large record, small ones must not keep its memory.
    if (this.#bytes.length > 1024 * 1024) this.#bytes = new Uint8Array(1_024);
    return taken;
  }
}

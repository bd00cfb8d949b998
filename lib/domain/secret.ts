import { inspect } from 'node:util';
import type { Secret } from './credential';

const REDACTED = '[redacted]';

/** A string that every way of printing shows as `[redacted]`. Only `reveal()` gives it out, and it stays in memory. */
export class Sealed implements Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

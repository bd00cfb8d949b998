import { ConnectorError } from '../../domain/errors';
import type { Millis } from '../../domain/time';
import type { WaitLimit } from './wait-limit';

/** Bytes read of an answer that is not a 200; only its one-line message is used. */
const MAX_ERROR_BODY_BYTES = 64 * 1024;

/** Bytes read ahead of `next`: a server may close a connection that is read slowly. */
const READ_AHEAD_BYTES = 8 * 1024 * 1024;

/** What came before the body. */
export interface Head {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  /** Our clock just before the request was sent. */
  readonly sentAt: Millis;
  /** Our clock when the headers had arrived. */
  readonly answeredAt: Millis;
}

/** An answer, whatever its status. */
export interface Reply<Content> extends Head {
  /** The result of `read` for a 200; null for any other status. */
  readonly content: Content | null;
  /** The beginning of the body of any other status; empty for a 200. */
  readonly text: string;
}

/** An answer's body, after decompression. Gives out all that arrived before the connection broke. */
export class Body {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #reading: Promise<void> | null = null;
  #failure: Error | null = null;
  #isOver = false;

  constructor(
    response: Response,
    private readonly limit: WaitLimit,
  ) {
    this.#reader = response.body?.getReader();
    this.#isOver = this.#reader === undefined;
  }

  /** The next bytes; null at the end. @throws as WaitLimit.wait */
  async next(): Promise<Uint8Array | null> {
    if (this.#chunks.length === 0 && !this.#isOver && this.#failure === null) await this.limit.wait(() => this.#read());
    const chunk = this.#chunks.shift();
    if (chunk === undefined) {
      const failure = this.#failure;
      return failure === null ? null : this.limit.wait(() => Promise.reject(failure));
    }
    this.#bytes -= chunk.byteLength;
    this.#readAhead();
    return chunk;
  }

  /** Closes the connection unless the body was read to its end. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.limit.abort();
    await this.#reader?.cancel().catch(() => undefined);
    await this.#reading;
  }

  /** Resolves with one more chunk, the end or a failure. Never rejects. */
  #read(): Promise<void> {
    return (this.#reading ??= this.#readChunk().finally(() => {
      this.#reading = null;
      this.#readAhead();
    }));
  }

  #readAhead(): void {
    if (this.#bytes < READ_AHEAD_BYTES && !this.#isOver && this.#failure === null) void this.#read();
  }

  async #readChunk(): Promise<void> {
    try {
      const result = await this.#reader?.read();
      if (result?.value === undefined) this.#isOver = true;
      else {
        this.#chunks.push(result.value);
        this.#bytes += result.value.byteLength;
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
  }
}

/** The whole body as text. @throws ConnectorError UPSTREAM_INVALID when it has over `maxBytes` or is not UTF-8; as Body.next */
export async function readText(body: Body, url: URL, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (let chunk = await body.next(); chunk !== null; chunk = await body.next()) {
    total += chunk.byteLength;
    if (total > maxBytes) throw invalid(url, `has over ${maxBytes} bytes`);
    parts.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch {
    throw invalid(url, 'holds bytes that are not UTF-8');
  }
}

/** The beginning of a body. If the body breaks off, the part before is enough: the status says what matters. */
export async function readBeginning(body: Body): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let total = 0;
  try {
    for (let chunk = await body.next(); chunk !== null && total <= MAX_ERROR_BODY_BYTES; chunk = await body.next()) {
      total += chunk.byteLength;
      text += decoder.decode(chunk, { stream: true });
    }
  } catch {
    return text;
  }
  return text + decoder.decode();
}

export function invalid(url: URL, what: string): ConnectorError {
  return new ConnectorError('UPSTREAM_INVALID', `the answer of ${url.host} to ${url.pathname} ${what}`);
}

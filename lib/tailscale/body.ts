import { parse as parseLossless } from 'lossless-json';
import { ConnectorError } from '../connector/errors';

/** Bytes after decompression. One answer must fit into memory beside its parsed form, four connectors at a time. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Bytes read of an answer that is not a 200: only its one-line message is of use. */
const MAX_ERROR_BODY_BYTES = 64 * 1024;

/** Levels. The lossless parser, and whatever walks the records later, goes one call deeper with each. */
const MAX_DEPTH = 2_500;

/** The answer is over its budget of bytes. A smaller window may fit. */
export class BodyTooLarge extends ConnectorError {
  constructor(url: URL, maxBytes: number) {
    super('BODY_TOO_LARGE', `the answer of ${url.host} is over ${maxBytes} bytes`);
  }
}

/**
 * The body as text. Bytes are counted after decompression while they come in, so a small body that unpacks to a huge one
 * costs no more than the budget. Of any status but 200 only the beginning is read, and a body that breaks off is no
 * failure there: the status has said what matters.
 *
 * @throws BodyTooLarge; ConnectorError UPSTREAM_INVALID for bytes that are no UTF-8; the network's errors.
 */
export async function readText(response: Response, url: URL, maxBytes: number): Promise<string> {
  if (response.status !== 200) return readBeginning(response);
  // A compressed body is announced by its bytes on the wire; unpacked it has more.
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) {
    await response.body?.cancel();
    throw new BodyTooLarge(url, maxBytes);
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (bytes?: Uint8Array): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      throw invalid(url, 'holds bytes that are no UTF-8');
    }
  };
  let text = '';
  let total = 0;
  for await (const chunk of chunks(response)) {
    total += chunk.byteLength;
    if (total > maxBytes) throw new BodyTooLarge(url, maxBytes);
    text += decode(chunk);
  }
  return text + decode();
}

async function readBeginning(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let total = 0;
  try {
    for await (const chunk of chunks(response)) {
      total += chunk.byteLength;
      text += decoder.decode(chunk, { stream: true });
      if (total > MAX_ERROR_BODY_BYTES) break;
    }
  } catch {
    return text;
  }
  return text + decoder.decode();
}

async function* chunks(response: Response): AsyncGenerator<Uint8Array, void, void> {
  if (response.body === null) return;
  // Leaving this loop early cancels the stream, and with it the download.
  for await (const chunk of response.body) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a body gives bytes');
    yield chunk;
  }
}

/**
 * JSON in which no number has lost a digit: those of 16 digits or more, or with an exponent, are strings as they were
 * written. Whether a number becomes a string depends on that number alone, since ids are made from records.
 *
 * @throws ConnectorError UPSTREAM_INVALID
 */
export function parseJson(text: string, url: URL): unknown {
  const trimmed = text.trim();
  if (trimmed === '') throw invalid(url, 'is empty');
  if (trimmed.startsWith('<')) throw invalid(url, 'is a web page, not JSON: check the API URL, and for a proxy in between');
  if (depthOf(trimmed) > MAX_DEPTH) throw invalid(url, `is nested more than ${MAX_DEPTH} levels deep`);
  try {
    return MAY_HOLD_LONG_NUMBER.test(trimmed) ? parseLossless(trimmed, null, { parseNumber, onDuplicateKey }) : JSON.parse(trimmed);
  } catch {
    // The parser's message quotes the text, so it goes no further.
    throw invalid(url, 'is not whole JSON');
  }
}

/**
 * Finds every such number by what may stand around one. Also true of a text that has the like within a string: that takes
 * the lossless parser, which is some fifty times slower, and comes out the same.
 */
const MAY_HOLD_LONG_NUMBER = /(?:^|[\s:,[])-?(?:[\d.]{16,}|\d[\d.]*[eE][+-]?\d+)(?=[\s,\]}]|$)/;

function parseNumber(written: string): number | string {
  return /[eE]/.test(written) || written.replaceAll(/\D/g, '').length >= 16 ? written : Number(written);
}

/** The last one counts, as with JSON.parse. */
function onDuplicateKey({ newValue }: { readonly newValue: unknown }): unknown {
  return newValue;
}

function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (inString) {
      if (character === '\\') at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') deepest = Math.max(deepest, (depth += 1));
    else if (character === '}' || character === ']') depth -= 1;
  }
  return deepest;
}

export function invalid(url: URL, what: string): ConnectorError {
  return new ConnectorError('UPSTREAM_INVALID', `the answer of ${url.host} to ${url.pathname} ${what}`);
}

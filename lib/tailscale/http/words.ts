import * as z from 'zod/mini';
import type { Reply } from './exchange';

/** Characters of Tailscale's own words that a message may carry. */
const MAX_WORDS = 200;

const errorBody = z.object({ message: z.string() });

/**
 * Tailscale's own `{"message"}` as the end of ours: on one line, bounded, and without anything like a key. Nothing else
 * of an answer's body is ever shown.
 *
 * @param secrets What was sent with the request, in case it is echoed.
 */
export function wordsOf({ text }: Pick<Reply<unknown>, 'text'>, secrets: readonly string[]): string {
  const words = clean(messageIn(text), secrets);
  return words === '' ? '' : `. Tailscale says: "${words}"`;
}

/** `x-tailscale-request-id`, by which Tailscale's support finds a request, as the end of a message. */
export function requestIdOf({ headers }: Pick<Reply<unknown>, 'headers'>): string {
  const id = headers.get('x-tailscale-request-id') ?? '';
  return /^[\w.:-]{1,100}$/.test(id) && !id.includes('tskey-') ? ` (request id ${id})` : '';
}

function messageIn(text: string): string {
  try {
    const parsed = z.safeParse(errorBody, JSON.parse(text));
    return parsed.success ? parsed.data.message : '';
  } catch {
    return '';
  }
}

function clean(message: string, secrets: readonly string[]): string {
  const known = secrets
    .filter((secret) => secret !== '')
    .reduce((rest, secret) => rest.replaceAll(secret, '[removed]'), message);
  return known
    .replaceAll(/tskey-\S*/gi, '[removed]')
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, MAX_WORDS);
}

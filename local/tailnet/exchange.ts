import { STATUS_CODES, type IncomingHttpHeaders } from 'node:http';
import type { Millis } from '../../lib/domain/time';

export type Endpoint = 'token' | 'audit' | 'configuration' | 'other';

/** A request as the simulator received it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly endpoint: Endpoint;
  /** As on the wire, without the query. */
  readonly path: string;
  /** The path's tailnet, decoded; null on other paths. */
  readonly tailnet: string | null;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** By the simulator's clock, which a skew leaves alone. */
  readonly at: Millis;
  /** The status it was answered with, or what was done instead; null: not yet. */
  readonly outcome: number | Trouble | null;
}

/** An answer before date, request id and length are added. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * What goes wrong instead of an answer. `reset`: the connection is reset before any byte. `cut`: the true answer with its
 * full Content-Length, ended halfway. `hang`: nothing, until the caller gives up.
 */
export type Trouble = 'reset' | 'cut' | 'hang';

/** An answer put in the true one's place. */
export interface StagedAnswer {
  /** 200 when left out. */
  readonly status?: number;
  /** Beside the usual ones; null takes a usual one away (`date: null`). */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** A generator is sent chunk by chunk, without a length. Left out: `{"message": …}` with the status's name. */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array>;
}

/**
 * Decides over a request before the API does. `undefined`: go on. `proceed` gives the API's own answer, once, to be
 * changed or thrown away: `(_, proceed) => (proceed(), 'reset')` is a request that was carried out and never answered.
 */
export type Interceptor = (
  request: ReceivedRequest,
  proceed: () => Answer,
) => StagedAnswer | Trouble | undefined | Promise<StagedAnswer | Trouble | undefined>;

export function json(body: string, status = 200): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body };
}

/** Every error of Tailscale's API has this form. */
export function message(status: number, text = STATUS_CODES[status] ?? ''): Answer {
  return json(JSON.stringify({ message: text }), status);
}

const TAILNET_PATH = /^\/api\/v2\/tailnet\/([^/]+)\/(audit|logging\/configuration)$/;

/** Which endpoint a path names. */
export function route(path: string): { endpoint: Endpoint; tailnet: string | null } {
  if (path === '/api/v2/oauth/token') return { endpoint: 'token', tailnet: null };
  const [, tailnet, resource] = TAILNET_PATH.exec(path) ?? [];
  if (tailnet === undefined) return { endpoint: 'other', tailnet: null };
  return { endpoint: resource === 'audit' ? 'audit' : 'configuration', tailnet: decode(tailnet) };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

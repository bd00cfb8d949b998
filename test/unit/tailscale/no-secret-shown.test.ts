import { inspect } from 'node:util';
import { inTurn, json, readFrom, start, type Respond } from './scripted-server';
import {
  API_KEY,
  apiKey,
  AUDIT,
  CLIENT_SECRET,
  connector,
  failureOf,
  HOUR,
  oauthClient,
  PLENTY,
  setUp,
} from './setting';

const TOKEN = 'plain-token-CANARYCANARYCANARY';
const token = json(200, { access_token: TOKEN, token_type: 'Bearer', expires_in: 3600 });

/** Echoes the request in every header and field of the answer. */
const echoing =
  (status: number): Respond =>
  (response, request) => {
    const sent = `${request.headers.authorization ?? ''} ${request.body} ${decodeURIComponent(request.body)}`;
    response.writeHead(status, {
      'content-type': 'application/json',
      location: `https://example.com/${encodeURIComponent(sent)}`,
      'retry-after': encodeURIComponent(sent),
      'x-tailscale-request-id': encodeURIComponent(sent),
      'www-authenticate': `Bearer error="${encodeURIComponent(sent)}"`,
    });
    response.end(JSON.stringify({ message: sent, error: sent, error_description: sent }));
  };

/** A value printed in every way. */
function printed(value: unknown): string {
  const own =
    value instanceof Error ? `${value.stack ?? ''} ${JSON.stringify(value, Object.getOwnPropertyNames(value))}` : '';
  return [String(value), JSON.stringify(value), inspect(value, { depth: 12 }), own].join('\n');
}

const endings: readonly [string, Respond][] = [
  ...[200, 201, 302, 304, 400, 401, 403, 404, 410, 418, 429, 500, 501, 503].map((status): [string, Respond] => [
    `an echo with ${status}`,
    echoing(status),
  ]),
  [
    'a body that is cut after an echo',
    (response, request) => {
      response.writeHead(200, { 'content-length': 5_000 });
      response.write(JSON.stringify(request.headers));
      setImmediate(() => response.destroy());
    },
  ],
  [
    'an echo that is not JSON',
    (response, request) => response.end(`${request.headers.authorization ?? request.body} {`),
  ],
  ['a socket that is closed', (response) => response.destroy()],
  [
    'an echo in the envelope',
    (response, request) => {
      const sent = String(request.headers.authorization);
      json(200, { auditLogs: sent, nextCursor: 7, [sent]: 1 })(response, request);
    },
  ],
];

/** Serves a token, and then this. */
const withToken =
  (respond: Respond): Respond =>
  (response, request) => {
    (request.url.pathname === '/api/v2/oauth/token' ? token : respond)(response, request);
  };

describe('no key, client secret or token', () => {
  const logged: unknown[] = [];
  const logger = { info: (...line: unknown[]) => logged.push(line), warn: (...line: unknown[]) => logged.push(line) };
  beforeEach(() => logged.splice(0));

  it.each(
    endings.flatMap(([ending, respond]) => [
      [ending, 'with an API key', apiKey(), respond] as const,
      [ending, 'with a token', oauthClient(), withToken(respond)] as const,
      [ending, 'for a token', oauthClient(), respond] as const,
    ]),
  )('is shown after %s to a request %s', async (_, what, secret, respond) => {
    const { failure } = await readFrom(AUDIT, respond, { logger, secret });
    expect(failure).not.toBeNull();
    expect(printed(failure) + printed(logged)).not.toContain('CANARY');
    if (what === 'with a token') expect(logged).not.toHaveLength(0);
  });

  it('is shown by the adapter, an open log, or a page', async () => {
    const server = await start(inTurn(token, json(200, { auditLogs: [] })));
    const { openAuditLog } = setUp(server.origin, { secret: oauthClient() });
    const log = openAuditLog(connector(AUDIT), null);
    const pages = log.pages(HOUR, null, PLENTY);
    const { value } = await pages.next();
    expect(value).toMatchObject({ oauthClientId: 'kCLIENT1' });
    expect(printed(openAuditLog) + printed(log) + printed(pages) + printed(value)).not.toContain('CANARY');
  });

  it('is shown when it cannot be sent', async () => {
    for (const secret of [apiKey(`${API_KEY}\n`), apiKey(`${API_KEY}ключ`)]) {
      const failure = await failureOf(setUp('http://127.0.0.1:9', { logger, secret }).read(AUDIT));
      expect(printed(failure) + printed(logged)).not.toContain('CANARY');
    }
  });

  it('is in any URL', async () => {
    const { server } = await readFrom(AUDIT, inTurn(token, json(200, { auditLogs: [] })), { secret: oauthClient() });
    expect(server.requests.map(({ url }) => url.href).join(' ')).not.toContain('CANARY');
    expect(server.requests[0]?.body).toContain(CLIENT_SECRET);
  });
});

import { inspect } from 'node:util';
import { createServers, inTurn, json } from './scripted-server';
import type { Respond } from './scripted-server';
import { API_KEY, apiKey, CLIENT_SECRET, failureOf, HOUR, oauthClient, PLENTY, setUp, connector } from './setting';

const { start, closeAll } = createServers();
afterEach(closeAll);

const TOKEN = 'plain-token-CANARYCANARYCANARY';
const token = json(200, { access_token: TOKEN, token_type: 'Bearer', expires_in: 3600 });

/** A server that gives back, in every place it has, all that it was sent. */
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

/** All ways in which something may be printed. */
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
    'an echo that is no JSON',
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

describe('no key, client secret or token', () => {
  const logged: unknown[] = [];
  const logger = { info: (...line: unknown[]) => logged.push(line), warn: (...line: unknown[]) => logged.push(line) };
  beforeEach(() => logged.splice(0));

  it.each(endings)('is shown after %s to a request with an API key', async (_, respond) => {
    const server = await start(respond);
    const failure = await failureOf(setUp(server.origin, { logger, secret: apiKey() }).read({ dialect: 'audit' }));
    expect(printed(failure) + printed(logged)).not.toContain('CANARY');
  });

  it.each(endings)('is shown after %s to a request with a token', async (_, respond) => {
    const server = await start((response, request) => {
      (request.url.pathname === '/api/v2/oauth/token' ? token : respond)(response, request);
    });
    const failure = await failureOf(setUp(server.origin, { logger, secret: oauthClient() }).read({ dialect: 'audit' }));
    expect(printed(failure) + printed(logged)).not.toContain('CANARY');
    expect(logged).not.toHaveLength(0);
  });

  it.each(endings)('is shown after %s to a request for a token', async (_, respond) => {
    const server = await start(respond);
    const failure = await failureOf(setUp(server.origin, { logger, secret: oauthClient() }).read({ dialect: 'audit' }));
    expect(printed(failure) + printed(logged)).not.toContain('CANARY');
  });

  it('is shown by the adapter, an open log, or a page', async () => {
    const server = await start(inTurn(token, json(200, { auditLogs: [] })));
    const { openAuditLog } = setUp(server.origin, { secret: oauthClient() });
    const log = openAuditLog(connector({ dialect: 'audit' }), null);
    const pages = log.pages(HOUR, null, PLENTY);
    const { value } = await pages.next();
    expect(value).toMatchObject({ oauthClientId: 'kCLIENT1' });
    expect(printed(openAuditLog) + printed(log) + printed(pages) + printed(value)).not.toContain('CANARY');
  });

  it('is shown when it cannot be sent', async () => {
    for (const secret of [apiKey(`${API_KEY}\n`), apiKey(`${API_KEY}ключ`)]) {
      const failure = await failureOf(setUp('http://127.0.0.1:9', { logger, secret }).read({ dialect: 'audit' }));
      expect(printed(failure) + printed(logged)).not.toContain('CANARY');
    }
  });

  it('is in any URL', async () => {
    const server = await start(inTurn(token, json(200, { auditLogs: [] })));
    await setUp(server.origin, { secret: oauthClient() }).read({ dialect: 'audit' });
    expect(server.requests.map(({ url }) => url.href).join(' ')).not.toContain('CANARY');
    expect(server.requests[0]?.body).toContain(CLIENT_SECRET);
  });
});

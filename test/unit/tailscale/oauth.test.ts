import { createServers, inTurn, json, text } from './scripted-server';
import type { Respond, ScriptedServer } from './scripted-server';
import { apiKey, CLIENT_SECRET, createCredentials, failureOf, NOON, oauthClient, PLENTY, setUp } from './setting';

const { start, closeAll } = createServers();
afterEach(closeAll);

const AUDIT = { dialect: 'audit' } as const;
const page = json(200, { auditLogs: [1] });
const token = (text: string, expiresIn: number | undefined = 3_600) =>
  json(200, { access_token: text, token_type: 'Bearer', expires_in: expiresIn, scope: 'audit:read' });

/** A token endpoint beside the log. */
const serving = (tokens: Respond, log: Respond = page) =>
  start((response, request) => {
    (request.url.pathname === '/api/v2/oauth/token' ? tokens : log)(response, request);
  });

/** Tokens t1, t2, …; only those in `good` open the log. */
const numbered = (good: (token: string) => boolean, expiresIn?: number) => {
  let made = 0;
  return serving(
    (response, request) => {
      made += 1;
      token(`t${made}`, expiresIn)(response, request);
    },
    (response, request) => {
      (good(String(request.headers.authorization).replace('Bearer ', '')) ? page : json(401, {}))(response, request);
    },
  );
};
const minted = ({ requests }: ScriptedServer) =>
  requests.filter(({ url }) => url.pathname === '/api/v2/oauth/token').length;
const bearers = ({ asked }: ScriptedServer) => asked().map(({ headers }) => headers.authorization);

describe('an OAuth client', () => {
  it('gets a token by a form with its id and secret, and names no scope', async () => {
    const server = await serving(token('t1'));
    await setUp(server.origin, { secret: oauthClient() }).read(AUDIT);
    const [first] = server.requests;
    expect(first?.method).toBe('POST');
    expect(first?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
    expect(first?.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(first?.body))).toEqual({
      client_id: 'kCLIENT1',
      client_secret: CLIENT_SECRET,
      grant_type: 'client_credentials',
    });
    expect(bearers(server)).toEqual(['Bearer t1']);
  });

  it('is named on each page, since its own token requests are in the log too', async () => {
    const server = await serving(token('t1'), inTurn(json(200, { auditLogs: [], nextCursor: 'c' }), page));
    expect(await setUp(server.origin, { secret: oauthClient() }).read(AUDIT)).toMatchObject([
      { oauthClientId: 'kCLIENT1' },
      { oauthClientId: 'kCLIENT1' },
    ]);
  });

  it('makes one token for all pages, walks and connectors of a secret', async () => {
    const server = await serving(token('t1'), inTurn(json(200, { auditLogs: [], nextCursor: 'c' }), page));
    const { read } = setUp(server.origin, { secret: oauthClient() });
    await read(AUDIT);
    await read({ ...AUDIT, id: 'other', tailnet: 'other.example.com' });
    expect(minted(server)).toBe(1);
  });

  it.each([
    [3_600, 54 * 60],
    [7_200, 108 * 60],
    [600, 5 * 60],
    [120, 60],
  ])('with a token for %i s makes a new one after %i s', async (life, renewedAfter) => {
    const server = await numbered(() => true, life);
    const { clock, read } = setUp(server.origin, { secret: oauthClient() });
    await read(AUDIT);
    clock.advance(renewedAfter * 1000 - 1);
    await read(AUDIT);
    expect(minted(server)).toBe(1);
    clock.advance(1);
    await read(AUDIT);
    expect(bearers(server)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
  });

  it('takes a token without a life to have the documented hour', async () => {
    const server = await serving(json(200, { access_token: 't', token_type: 'bearer' }));
    const { clock, read } = setUp(server.origin, { secret: oauthClient() });
    await read(AUDIT);
    clock.advance(53 * 60_000);
    await read(AUDIT);
    expect(minted(server)).toBe(1);
    clock.advance(60_000);
    await read(AUDIT);
    expect(minted(server)).toBe(2);
  });

  it('whose kept token is refused gets a fresh one, once [case 45]', async () => {
    let good = 't1';
    const server = await numbered((one) => one === good);
    const { read } = setUp(server.origin, { secret: oauthClient() });
    await read(AUDIT);
    good = 't2';
    expect(await read(AUDIT)).toMatchObject([{ records: [1] }]);
    expect(bearers(server)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
  });

  it('whose fresh token is refused is not tried again [case 43]', async () => {
    const server = await numbered(() => false);
    const failure = await failureOf(setUp(server.origin, { secret: oauthClient() }).read(AUDIT));
    expect(failure.code).toBe('UNAUTHORIZED');
    expect(failure.message).toContain('Make a new client');
    expect(bearers(server)).toEqual(['Bearer t1']);
  });

  it('whose secret was rotated goes on with the new one after a 401 [case 42]', async () => {
    const server = await numbered((one) => one === 't2');
    const credentials = createCredentials(oauthClient('tskey-client-old', 'v1'), oauthClient('tskey-client-new', 'v2'));
    expect(await setUp(server.origin, { credentials }).read(AUDIT)).toMatchObject([{ records: [1] }]);
    expect(server.requests.map(({ body }) => new URLSearchParams(body).get('client_secret'))).toEqual([
      'tskey-client-old',
      null,
      'tskey-client-new',
      null,
    ]);
  });

  it('whose secret was read anew gets a token of its own', async () => {
    const server = await numbered(() => true);
    const credentials = createCredentials(oauthClient('tskey-client-old', 'v1'), oauthClient('tskey-client-new', 'v2'));
    const { read } = setUp(server.origin, { credentials });
    await read(AUDIT);
    await credentials.refetch('tailscale/main', PLENTY);
    await read(AUDIT);
    expect(bearers(server)).toEqual(['Bearer t1', 'Bearer t2']);
  });

  it('may become an API key after a 401', async () => {
    const server = await serving(token('t1'), (response, request) => {
      (request.headers.authorization === 'Bearer tskey-api-new' ? page : json(401, {}))(response, request);
    });
    const credentials = createCredentials(oauthClient(), apiKey('tskey-api-new', 'v2'));
    expect(await setUp(server.origin, { credentials }).read(AUDIT)).toMatchObject([{ oauthClientId: null }]);
  });
});

describe('a token endpoint', () => {
  const refusing = json(
    401,
    { error: 'invalid_client', error_description: `no client with ${CLIENT_SECRET}` },
    { 'x-tailscale-request-id': 'req-9' },
  );

  it('that refuses the client is asked again only with a new version of the secret', async () => {
    const server = await serving((response, request) => {
      (new URLSearchParams(request.body).get('client_secret') === 'tskey-client-new' ? token('t1') : refusing)(
        response,
        request,
      );
    });
    const credentials = createCredentials(oauthClient('tskey-client-old', 'v1'), oauthClient('tskey-client-new', 'v2'));
    expect(await setUp(server.origin, { credentials }).read(AUDIT)).toMatchObject([{ records: [1] }]);
    expect(minted(server)).toBe(2);
  });

  it.each<[string, Respond]>([
    ['401 invalid_client', refusing],
    ['400 invalid_grant', json(400, { error: 'invalid_grant' })],
    ['403', json(403, { message: 'no' })],
    ['401', json(401, { message: 'API token invalid' }, { 'www-authenticate': 'Bearer realm="api"' })],
  ])('that answers %s tells the operator to make a new client', async (codes, respond) => {
    const server = await serving(respond);
    const credentials = createCredentials(oauthClient());
    const failure = await failureOf(setUp(server.origin, { credentials }).read(AUDIT));
    expect(failure.code).toBe('OAUTH_REFUSED');
    expect(failure.message).toContain(
      'the client secret may have been revoked: make a new OAuth client and update the secret',
    );
    expect(failure.message).toContain(`(${codes})`);
    expect(credentials.refetched).toBe(1);
    expect(server.requests).toHaveLength(1);
  });

  it.each<[string, Respond, string]>([
    ['429', json(429, {}, { 'retry-after': '600' }), 'RATE_LIMITED'],
    ['500', json(500, {}), 'UPSTREAM_ERROR'],
    ['404', json(404, {}), 'UPSTREAM_INVALID'],
    ['302', text(302, '', { location: 'https://evil.example' }), 'REDIRECTED'],
    ['204', (response) => response.writeHead(204).end(), 'UPSTREAM_INVALID'],
    ['a web page', text(200, '<html>', { 'content-type': 'text/html' }), 'UPSTREAM_INVALID'],
    ['no token', json(200, { token_type: 'Bearer' }), 'UPSTREAM_INVALID'],
    ['a token of another type', json(200, { access_token: 'x', token_type: 'mac' }), 'UPSTREAM_INVALID'],
    [
      'a token with a line break',
      json(200, { access_token: 'x\r\nhost: evil', token_type: 'Bearer' }),
      'UPSTREAM_INVALID',
    ],
    ['a token of 1 MB', json(200, { access_token: 'x'.repeat(1_000_000), token_type: 'Bearer' }), 'UPSTREAM_INVALID'],
  ])('that answers %s is reported as such, and the log is not asked [case 45]', async (_, respond, code) => {
    const server = await serving(respond);
    expect(await failureOf(setUp(server.origin, { secret: oauthClient() }).read(AUDIT))).toMatchObject({ code });
    expect(server.asked()).toHaveLength(0);
  });

  it('in passing trouble is asked again [case 45]', async () => {
    const server = await serving(inTurn(json(500, {}), json(429, {}, { 'retry-after': '2' }), token('t1')));
    expect(await setUp(server.origin, { secret: oauthClient() }).read(AUDIT)).toMatchObject([{ records: [1] }]);
  });

  it('that is down does not make a token that is still good useless', async () => {
    const server = await serving(inTurn(token('t1'), json(500, {})));
    const { clock, read } = setUp(server.origin, { secret: oauthClient() });
    await read(AUDIT);
    clock.advance(50 * 60_000);
    expect(await read(AUDIT)).toHaveLength(1);
    expect(clock.now()).toBe(NOON + 50 * 60_000);
  });
});

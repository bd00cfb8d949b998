import { inTurn, json, readFrom, start, text, type Respond, type ScriptedServer } from './scripted-server';
import { apiKey, AUDIT, CLIENT_SECRET, createCredentials, oauthClient, PLENTY, setUp } from './setting';

const page = json(200, { auditLogs: [1] });
const twoPages = inTurn.bind(null, json(200, { auditLogs: [], nextCursor: 'c' }), page);
const token = (text: string, expiresIn: number | null = 3_600) =>
  json(200, { access_token: text, token_type: 'Bearer', expires_in: expiresIn ?? undefined, scope: 'audit:read' });
const secret = oauthClient();
const rotated = () => createCredentials(oauthClient('tskey-client-old', 'v1'), oauthClient('tskey-client-new', 'v2'));

/** A token endpoint and a log. */
const serving =
  (tokens: Respond, log: Respond = page): Respond =>
  (response, request) => {
    (request.url.pathname === '/api/v2/oauth/token' ? tokens : log)(response, request);
  };

/** Serves tokens t1, t2, …; the log accepts only those in `good`. */
const numbered = (good: (token: string) => boolean, expiresIn?: number | null): Respond => {
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
const tokenRequests = ({ requests }: ScriptedServer) =>
  requests.filter(({ url }) => url.pathname === '/api/v2/oauth/token').length;
const bearers = ({ logRequests }: ScriptedServer) => logRequests().map(({ headers }) => headers.authorization);

describe('an OAuth client', () => {
  it('gets a token by a form with its id and secret, without a scope', async () => {
    const { server } = await readFrom(AUDIT, serving(token('t1')), { secret });
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

  it('makes one token for all pages, walks and connectors of a secret, and its id is on each page', async () => {
    const server = await start(serving(token('t1'), twoPages()));
    const { read } = setUp(server.origin, { secret });
    expect(await read(AUDIT)).toMatchObject([{ oauthClientId: 'kCLIENT1' }, { oauthClientId: 'kCLIENT1' }]);
    await read({ ...AUDIT, id: 'other', tailnet: 'other.example.com' });
    expect(tokenRequests(server)).toBe(1);
  });

  it.each([
    [3_600, 54 * 60],
    [7_200, 108 * 60],
    [600, 5 * 60],
    [120, 60],
    [null, 54 * 60],
  ])('with a token for %p s (null: not given) makes a new one after %i s', async (life, renewedAfter) => {
    const server = await start(numbered(() => true, life));
    const { clock, read } = setUp(server.origin, { secret });
    await read(AUDIT);
    clock.advance(renewedAfter * 1000 - 1);
    await read(AUDIT);
    expect(tokenRequests(server)).toBe(1);
    clock.advance(1);
    await read(AUDIT);
    expect(bearers(server)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
  });

  it('gets a new token, once, when its kept one is refused [case 45]', async () => {
    let good = 't1';
    const server = await start(numbered((one) => one === good));
    const { read } = setUp(server.origin, { secret });
    await read(AUDIT);
    good = 't2';
    expect(await read(AUDIT)).toMatchObject([{ records: [1] }]);
    expect(bearers(server)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
  });

  it('is not tried again when its new token is refused [case 43]', async () => {
    const { server, failure } = await readFrom(
      AUDIT,
      numbered(() => false),
      { secret },
    );
    expect(failure).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(failure?.message).toContain('Make a new client');
    expect(bearers(server)).toEqual(['Bearer t1']);
  });

  it('gets a token with the rotated secret after a 401 [case 42]', async () => {
    const { server, records } = await readFrom(
      AUDIT,
      numbered((one) => one === 't2'),
      { credentials: rotated() },
    );
    expect(records).toEqual([1]);
    expect(server.requests.map(({ body }) => new URLSearchParams(body).get('client_secret'))).toEqual([
      'tskey-client-old',
      null,
      'tskey-client-new',
      null,
    ]);
  });

  it('gets another token when its secret has a new version', async () => {
    const server = await start(numbered(() => true));
    const credentials = rotated();
    const { read } = setUp(server.origin, { credentials });
    await read(AUDIT);
    await credentials.refetch('tailscale/main', PLENTY);
    await read(AUDIT);
    expect(bearers(server)).toEqual(['Bearer t1', 'Bearer t2']);
  });

  it('may become an API key after a 401', async () => {
    const credentials = createCredentials(oauthClient(), apiKey('tskey-api-new', 'v2'));
    const respond = serving(token('t1'), (response, request) => {
      (request.headers.authorization === 'Bearer tskey-api-new' ? page : json(401, {}))(response, request);
    });
    expect((await readFrom(AUDIT, respond, { credentials })).pages).toMatchObject([{ oauthClientId: null }]);
  });
});

describe('a token endpoint', () => {
  const refusing = json(
    401,
    { error: 'invalid_client', error_description: `no client with ${CLIENT_SECRET}` },
    { 'x-tailscale-request-id': 'req-9' },
  );

  it('that refuses the client gets another request only with a new version of the secret', async () => {
    const respond = serving((response, request) => {
      const isNew = new URLSearchParams(request.body).get('client_secret') === 'tskey-client-new';
      (isNew ? token('t1') : refusing)(response, request);
    });
    const { server, records } = await readFrom(AUDIT, respond, { credentials: rotated() });
    expect(records).toEqual([1]);
    expect(tokenRequests(server)).toBe(2);
  });

  it.each<[string, Respond]>([
    ['401 invalid_client', refusing],
    ['400 invalid_grant', json(400, { error: 'invalid_grant' })],
    ['403', json(403, { message: 'no' })],
    ['401', json(401, { message: 'API token invalid' }, { 'www-authenticate': 'Bearer realm="api"' })],
  ])('that answers %s makes the error say: make a new client', async (codes, respond) => {
    const credentials = createCredentials(oauthClient());
    const { server, failure } = await readFrom(AUDIT, serving(respond), { credentials });
    expect(failure).toMatchObject({ code: 'OAUTH_REFUSED' });
    expect(failure?.message).toContain(
      'the client secret may have been revoked: make a new OAuth client and update the secret',
    );
    expect(failure?.message).toContain(`(${codes})`);
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
    ['a token with a line break', token('x\r\nhost: evil'), 'UPSTREAM_INVALID'],
    ['a token of 1 MB', token('x'.repeat(1_000_000)), 'UPSTREAM_INVALID'],
  ])('that answers %s makes the read fail before any log request [case 45]', async (_, respond, code) => {
    const { server, failure } = await readFrom(AUDIT, serving(respond), { secret });
    expect(failure).toMatchObject({ code });
    expect(server.logRequests()).toHaveLength(0);
  });

  it('with a passing problem gets another request [case 45]', async () => {
    const tokens = inTurn(json(500, {}), json(429, {}, { 'retry-after': '2' }), token('t1'));
    expect((await readFrom(AUDIT, serving(tokens), { secret })).records).toEqual([1]);
  });

  it('that is down does not matter while the kept token is valid', async () => {
    const server = await start(serving(inTurn(token('t1'), json(500, {}))));
    const { clock, pauses, read } = setUp(server.origin, { secret });
    await read(AUDIT);
    clock.advance(50 * 60_000);
    expect(await read(AUDIT)).toHaveLength(1);
    expect(pauses).toEqual([]);
  });
});

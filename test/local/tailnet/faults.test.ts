import { gzipSync } from 'node:zlib';
import { startTailnet } from '../../../local/tailnet/tailnet';
import { aRecord, aTailnet, API_KEY, closeTailnets, get } from './tailnets';

afterEach(closeTailnets);

const PATH = '/tailnet/-/audit';
const QUERY = { startTime: '2026-07-27T00:00:00Z' };

it('dates every answer and gives it a request id', async () => {
  const tailnet = await aTailnet({ clock: { now: () => Date.parse('2026-07-27T12:00:00.900Z') } });
  tailnet.setSkew(-60_000);
  const { headers } = await get(tailnet, PATH, QUERY);
  expect(headers.get('date')).toBe('Mon, 27 Jul 2026 11:59:00 GMT');
  expect(headers.get('x-tailscale-request-id')).toBe('REQ-00000001');
  expect((await get(tailnet, '/nowhere')).headers.get('x-tailscale-request-id')).toBe('REQ-00000002');
});

it('answers what an interceptor says, until it is taken away', async () => {
  const tailnet = await aTailnet();
  const stop = tailnet.intercept(({ endpoint }) =>
    endpoint === 'audit' ? { status: 429, headers: { 'Retry-After': '7' } } : undefined,
  );
  const refused = await get(tailnet, PATH, QUERY);
  expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([
    429,
    '7',
    { message: 'Too Many Requests' },
  ]);
  expect(refused.headers.get('content-type')).toBe('application/json');
  stop();
  expect((await get(tailnet, PATH, QUERY)).status).toBe(200);
});

it('asks the last interceptor first', async () => {
  const tailnet = await aTailnet();
  tailnet.intercept(() => ({ status: 500 }));
  tailnet.intercept(() => ({ status: 302, headers: { location: 'http://example.net/' } }));
  tailnet.intercept(() => undefined);
  const answer = await get(tailnet, PATH, QUERY);
  expect([answer.status, answer.headers.get('location')]).toEqual([302, 'http://example.net/']);
});

it('lets an interceptor change the true answer', async () => {
  const tailnet = await aTailnet();
  tailnet.intercept((_, proceed) => ({
    ...proceed(),
    headers: { 'content-encoding': 'gzip', date: null },
    body: gzipSync(proceed().body),
  }));
  const answer = await get(tailnet, PATH, QUERY);
  expect(answer.headers.has('date')).toBe(false);
  expect(await answer.json()).toEqual({ auditLogs: [] });
});

it('carries a request out once, even when its answer is thrown away', async () => {
  const client = { clientId: 'k1', clientSecret: 's' };
  const tailnet = await aTailnet({ oauthClients: [client], recordTokenMints: true });
  tailnet.intercept((_, proceed) => {
    proceed();
    proceed();
    return 'reset';
  });
  const body = new URLSearchParams({ client_id: 'k1', client_secret: 's', grant_type: 'client_credentials' });
  await expect(fetch(`${tailnet.url}/api/v2/oauth/token`, { method: 'POST', body })).rejects.toMatchObject({
    cause: { code: 'ECONNRESET' },
  });
  expect(tailnet.records).toHaveLength(1);
});

it('cuts the true answer halfway', async () => {
  const tailnet = await aTailnet();
  tailnet.add(aRecord('2026-07-27T12:00:00Z'));
  const whole = await (await get(tailnet, PATH, QUERY)).text();
  tailnet.intercept(() => 'cut');
  const answer = await get(tailnet, PATH, QUERY);
  expect([answer.status, answer.headers.get('content-length')]).toEqual([200, String(whole.length)]);
  await expect(answer.text()).rejects.toMatchObject({ cause: { code: 'UND_ERR_SOCKET' } });
});

it('sends a body chunk by chunk', async () => {
  const tailnet = await aTailnet();
  tailnet.intercept(() => ({
    body: (async function* () {
      yield await Promise.resolve('{"auditLogs"');
      yield ':[]}';
    })(),
  }));
  expect(await (await get(tailnet, PATH, QUERY)).json()).toEqual({ auditLogs: [] });
});

it('hangs until the caller gives up, and notes what became of each request', async () => {
  const tailnet = await aTailnet();
  tailnet.intercept(({ query }) => (query.get('startTime') === 'slow' ? 'hang' : undefined));
  const headers = { authorization: `Bearer ${API_KEY}` };
  await expect(
    fetch(`${tailnet.url}/api/v2${PATH}?startTime=slow`, { headers, signal: AbortSignal.timeout(100) }),
  ).rejects.toThrow('aborted');
  await get(tailnet, PATH, QUERY);
  await get(tailnet, '/nowhere');
  expect(tailnet.requests.map(({ endpoint, tailnet: name, outcome }) => [endpoint, name, outcome])).toEqual([
    ['audit', '-', 'hang'],
    ['audit', '-', 200],
    ['other', null, 404],
  ]);
  expect(tailnet.requests[1]?.headers.authorization).toBe(`Bearer ${API_KEY}`);
});

it('says at the end when an interceptor threw', async () => {
  const tailnet = await startTailnet({ apiKeys: [API_KEY] });
  tailnet.intercept(() => {
    throw new Error('mistake in a test');
  });
  expect((await get(tailnet, PATH, QUERY)).status).toBe(500);
  await expect(tailnet.close()).rejects.toMatchObject({ errors: [{ message: 'mistake in a test' }] });
});

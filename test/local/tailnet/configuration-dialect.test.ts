import { API_KEY, aRecord, aTailnet, closeTailnets, get, getAs, readConfiguration } from './tailnets';

afterEach(closeTailnets);

const PATH = '/tailnet/example.com/logging/configuration';
const DAY = { start: '2026-07-27T00:00:00Z', end: '2026-07-28T00:00:00Z' };

it('answers the records of the window, both ends included to the nanosecond', async () => {
  const tailnet = await aTailnet();
  const times = [
    '2026-07-27T12:00:00.000000001Z',
    '2026-07-27T12:00:00.000000002Z',
    '2026-07-27T12:00:00.000000003Z',
    '2026-07-27T12:00:00.000000004Z',
  ];
  tailnet.add(times.map((time) => aRecord(time)));

  const { logs } = await readConfiguration(
    tailnet,
    '2026-07-27T12:00:00.000000002Z',
    '2026-07-27T14:00:00.000000003+02:00',
  );

  expect(logs?.map(({ eventTime }) => eventTime).toSorted()).toEqual(times.slice(1, 3));
});

it('never answers in the order of time', async () => {
  const tailnet = await aTailnet();
  tailnet.add([3, 1, 2].map((second) => aRecord(`2026-07-27T12:00:0${second}Z`)));
  const { logs } = await readConfiguration(tailnet, DAY.start, DAY.end);
  const times = logs?.map(({ eventTime }) => eventTime);
  expect(times).toHaveLength(3);
  expect(times).not.toEqual(times?.toSorted());
});

it('answers logs: null when nothing happened', async () => {
  const tailnet = await aTailnet();
  const answer = await get(tailnet, PATH, DAY);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ version: '1.1', tailnetId: 'example.com', logs: null });
});

it('names the tailnet by its own name when it was asked for as "-"', async () => {
  const tailnet = await aTailnet({ tailnet: 'ada@example.org' });
  expect(await readConfiguration(tailnet, DAY.start, DAY.end)).toMatchObject({ tailnetId: 'ada@example.org' });
  expect((await get(tailnet, '/tailnet/ada%40example.org/logging/configuration', DAY)).status).toBe(200);
});

it.each([
  ['no start', { end: DAY.end }, 'start must be an RFC 3339 time'],
  ['no end', { start: DAY.start }, 'end must be an RFC 3339 time'],
  ['a date alone', { ...DAY, start: '2026-07-27' }, 'start must be an RFC 3339 time'],
  ['milliseconds', { ...DAY, end: '1785154229541' }, 'end must be an RFC 3339 time'],
  ['an end before the start', { start: DAY.end, end: DAY.start }, 'end must not be before start'],
])('refuses %s with 400', async (_, query, message) => {
  const tailnet = await aTailnet();
  const answer = await get(tailnet, PATH, { ...query });
  expect([answer.status, await answer.json()]).toEqual([400, { message }]);
});

it('refuses an offset whose plus sign was not encoded', async () => {
  const tailnet = await aTailnet();
  const headers = { authorization: `Bearer ${API_KEY}` };
  const answer = await fetch(`${tailnet.url}/api/v2${PATH}?start=2026-07-27T00:00:00+02:00&end=${DAY.end}`, {
    headers,
  });
  expect(answer.status).toBe(400);
});

it.each([
  ['no credential', '', 401, 'API token invalid'],
  ['an unknown key', 'Bearer tskey-api-other', 401, 'API token invalid'],
  ['another scheme', `Digest ${API_KEY}`, 401, 'API token invalid'],
  [
    'a client secret used as a token',
    'Bearer tskey-client-k1-s',
    403,
    'calling actor does not have enough permissions to perform this function',
  ],
])('refuses %s', async (_, authorization, status, message) => {
  const tailnet = await aTailnet();
  const answer = await getAs(authorization, tailnet, PATH, DAY);
  expect([answer.status, await answer.json()]).toEqual([status, { message }]);
});

it('takes an API key as the user of HTTP basic', async () => {
  const tailnet = await aTailnet();
  const basic = `Basic ${Buffer.from(`${API_KEY}:`).toString('base64')}`;
  expect((await getAs(basic, tailnet, PATH, DAY)).status).toBe(200);
});

it('takes the new key and not the old after a rotation', async () => {
  const tailnet = await aTailnet();
  tailnet.rotateKey(API_KEY, 'tskey-api-new');
  expect((await get(tailnet, PATH, DAY)).status).toBe(401);
  expect((await getAs('Bearer tskey-api-new', tailnet, PATH, DAY)).status).toBe(200);
  tailnet.revokeKey('tskey-api-new');
  expect((await getAs('Bearer tskey-api-new', tailnet, PATH, DAY)).status).toBe(401);
});

it('does not know another tailnet', async () => {
  const tailnet = await aTailnet();
  const answer = await get(tailnet, '/tailnet/example.org/logging/configuration', DAY);
  expect([answer.status, await answer.json()]).toEqual([404, { message: 'tailnet not found' }]);
});

it('does not know the dialect that it was told not to speak', async () => {
  const configuration = await aTailnet({ dialects: 'configuration' });
  expect((await get(configuration, '/tailnet/-/audit', { startTime: DAY.start })).status).toBe(404);
  expect((await get(configuration, PATH, DAY)).status).toBe(200);
  const audit = await aTailnet({ dialects: 'audit' });
  expect((await get(audit, '/tailnet/-/audit', { startTime: DAY.start })).status).toBe(200);
  expect((await get(audit, PATH, DAY)).status).toBe(404);
});

it('shows a late record from its instant on', async () => {
  const clock = { now: () => now };
  let now = Date.parse('2026-07-27T12:00:00Z');
  const tailnet = await aTailnet({ clock });
  tailnet.add(aRecord('2026-07-27T11:00:00Z'), { visibleAt: now + 1000 });
  expect(await readConfiguration(tailnet, DAY.start, DAY.end)).toMatchObject({ logs: null });
  now += 1000;
  expect((await readConfiguration(tailnet, DAY.start, DAY.end)).logs).toHaveLength(1);
});

it('places a record at the given time, not at its event time', async () => {
  const tailnet = await aTailnet();
  const noon = BigInt(Date.parse('2026-07-27T12:00:00Z')) * 1_000_000n;
  tailnet.add(aRecord('no time'), { at: noon });
  expect((await readConfiguration(tailnet, DAY.start, DAY.end)).logs).toEqual([
    expect.objectContaining({ eventTime: 'no time' }),
  ]);
  expect(() => {
    tailnet.add(aRecord('no time'));
  }).toThrow('place it with `at`');
});

it('sends big numbers digit by digit', async () => {
  const tailnet = await aTailnet();
  tailnet.add(aRecord('2026-07-27T12:00:00Z', { new: 9223372036854775807n }));
  expect(await (await get(tailnet, PATH, DAY)).text()).toContain('"new":9223372036854775807');
});

import fc from 'fast-check';
import type { Window } from '../../lib/connector/ports';
import { BodyTooLarge } from '../../lib/tailscale/body';
import { createConfigurationDialect } from '../../lib/tailscale/configuration-dialect';
import { createServers, inTurn, json, text } from './scripted-server';
import { collect, failureOf, HOUR, left, NOON, PLENTY, setUp } from './setting';

const { start, closeAll } = createServers();
afterEach(closeAll);

const CONFIGURATION = { dialect: 'configuration' } as const;

/** Over the budget as announced, so the client hangs up at once. */
const tooLarge = text(200, '', { 'content-length': String(17 * 1024 * 1024) });

describe('the configuration dialect', () => {
  it('asks for the whole window in one request', async () => {
    const server = await start(json(200, { version: '1.1', tailnetId: 'example.com', logs: [{ eventGroupID: 'g' }] }));
    const pages = await setUp(server.origin).read(CONFIGURATION);
    expect(pages).toHaveLength(1);
    expect(pages[0]).toMatchObject({ records: [{ eventGroupID: 'g' }], cursor: null, until: NOON, tailnet: 'example.com', oauthClientId: null, dialect: 'configuration' });
    expect(server.requests.map(({ url }) => `${url.pathname}${url.search}`)).toEqual([
      '/api/v2/tailnet/example.com/logging/configuration?start=2026-11-03T11%3A00%3A00.000Z&end=2026-11-03T12%3A00%3A00.000Z',
    ]);
  });

  it.each([
    ['{"logs":null}', null],
    ['{"logs":[],"tailnet":"old.example.com"}', 'old.example.com'],
    ['{"logs":[],"tailnetId":"T1","tailnet":"old.example.com"}', 'T1'],
    ['{"logs":[],"tailnetId":""}', null],
  ])('reads %s as empty, of tailnet %s [case 30]', async (body, tailnet) => {
    const server = await start(text(200, body));
    expect(await setUp(server.origin).read(CONFIGURATION)).toMatchObject([{ records: [], tailnet }]);
  });

  it.each(['{}', '{"message":"no"}', '{"auditLogs":[]}', '{"version":"1.1","tailnetId":"example.com"}'])('refuses %s [case 29]', async (body) => {
    const server = await start(text(200, body));
    const failure = await failureOf(setUp(server.origin).read(CONFIGURATION));
    expect(failure).toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(failure.message).toContain('has no list "logs"');
  });

  it('halves a window whose answer is over the budget, with the edge in both halves', async () => {
    const server = await start(inTurn(tooLarge, tooLarge, json(200, { logs: [1] }), json(200, { logs: [2] }), json(200, { logs: [3] })));
    const pages = await setUp(server.origin).read(CONFIGURATION);
    expect(server.requests.map(({ url }) => [url.searchParams.get('start'), url.searchParams.get('end')].map((at) => at?.slice(11, -1)))).toEqual([
      ['11:00:00.000', '12:00:00.000'],
      ['11:00:00.000', '11:30:00.000'],
      ['11:00:00.000', '11:15:00.000'],
      ['11:15:00.000', '11:30:00.000'],
      ['11:30:00.000', '12:00:00.000'],
    ]);
    expect(pages.map(({ records, cursor }) => [records, cursor])).toEqual([
      [[1], '2026-11-03T11:15:00.000Z'],
      [[2], '2026-11-03T11:30:00.000Z'],
      [[3], null],
    ]);
    expect(pages.at(-1)?.until).toBe(NOON);
  });

  it('goes on from the instant up to which the window is done', async () => {
    const server = await start(json(200, { logs: [] }));
    await setUp(server.origin).read(CONFIGURATION, { cursor: '2026-11-03T11:15:00.250Z' });
    expect(server.requests.map(({ url }) => url.searchParams.get('start'))).toEqual(['2026-11-03T11:15:00.250Z']);
  });

  it.each([
    ['another dialect\'s', 'eyJvZmZzZXQiOjEwMH0'],
    ['a number', '1762167600000'],
    ['before the window', '2026-11-03T10:59:59.999Z'],
    ['the end of the window', '2026-11-03T12:00:00.000Z'],
    ['an instant in another spelling', '2026-11-03T11:15:00Z'],
  ])('refuses a cursor that is %s', async (_, cursor) => {
    const server = await start(json(200, { logs: [] }));
    expect(await failureOf(setUp(server.origin).read(CONFIGURATION, { cursor }))).toMatchObject({ code: 'CURSOR_REFUSED' });
    expect(server.requests).toHaveLength(0);
  });

  it('stops at a second of log that is over the budget', async () => {
    const server = await start(tooLarge);
    const failure = await failureOf(setUp(server.origin).read(CONFIGURATION, { window: { from: NOON - 4_000, until: NOON } }));
    expect(failure).toMatchObject({ code: 'BODY_TOO_LARGE' });
    expect(failure.message).toContain('2026-11-03T11:59:56.000Z');
    expect(server.requests).toHaveLength(3);
  });

  it('begins no further half when the time is nearly over [case 3]', async () => {
    let remaining = 240_000;
    const server = await start((response, request) => {
      remaining = 9_000;
      tooLarge(response, request);
    });
    const deadline = { remaining: () => remaining, untilNear: () => Math.max(0, remaining - 10_000), isNear: () => remaining <= 10_000, isOver: () => remaining <= 4_000 };
    expect(await failureOf(setUp(server.origin).read(CONFIGURATION, { deadline }))).toMatchObject({ code: 'OUT_OF_TIME' });
    expect(server.requests).toHaveLength(1);
  });

  it('sends nothing when the time is nearly over from the start [case 3]', async () => {
    const server = await start(json(200, { logs: [] }));
    expect(await failureOf(setUp(server.origin).read(CONFIGURATION, { deadline: left(0) }))).toMatchObject({ code: 'OUT_OF_TIME' });
    expect(server.requests).toHaveLength(0);
  });

  it('gives every record of any log once it is cut, wherever a walk is broken off and taken up again', async () => {
    const api = new URL('https://api.tailscale.com');
    const size = 100_000;
    await fc.assert(
      fc.asyncProperty(
        // At most 4 in any one second, so that a budget of 8 can always be met.
        fc.uniqueArray(fc.integer({ min: 0, max: (size / 1_000) * 4 - 1 }), { maxLength: 120 }),
        fc.integer({ min: 8, max: 200 }),
        fc.integer({ min: 1, max: 5 }),
        async (quarters, budget, breakAfter) => {
          const times = quarters.map((quarter) => HOUR.from + quarter * 250);
          const log = createConfigurationDialect(api, '-', (url) => {
            const from = Date.parse(url.searchParams.get('start') ?? '');
            const until = Date.parse(url.searchParams.get('end') ?? '');
            const found = times.filter((at) => at >= from && at <= until);
            if (found.length > budget) return Promise.reject(new BodyTooLarge(url, budget));
            return Promise.resolve({ url, json: { logs: found }, asOf: NOON, skewMs: null, oauthClientId: null });
          });
          const window: Window = { from: HOUR.from, until: HOUR.from + size };
          const given = new Set<unknown>();
          let cursor: string | null = null;
          let pages = 0;
          for await (const page of log.pages(window, cursor, PLENTY)) {
            page.records.forEach((record) => given.add(record));
            ({ cursor } = page);
            pages += 1;
            if (pages === breakAfter) break;
          }
          if (cursor !== null) for (const page of await collect(log, { window, cursor })) page.records.forEach((record) => given.add(record));
          expect([...given].sort()).toEqual([...times].sort());
        },
      ),
      { numRuns: 60 },
    );
  });
});

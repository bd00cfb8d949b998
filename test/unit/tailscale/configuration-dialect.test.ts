import fc from 'fast-check';
import type { Window } from '../../../lib/domain/time';
import { AnswerReader } from '../../../lib/tailscale/answer/answer-reader';
import { createConfigurationDialect } from '../../../lib/tailscale/dialects/configuration';
import { Unfinished } from '../../../lib/tailscale/http/wait-limit';
import { inTurn, json, readFrom, start, text, type Respond, type ScriptedServer } from './scripted-server';
import {
  before,
  CONFIGURATION,
  connector,
  failureOf,
  HOUR,
  NOON,
  PLENTY,
  readPage,
  setUp,
  type PageRead,
} from './setting';

/** Sends part of an answer, and then nothing more. */
const stuck: Respond = (response) => {
  response.writeHead(200);
  response.write('{"tailnetId":"T1","logs":[1,2,');
};
const never: Respond = () => undefined;

/** The requested slices, as times of the day. */
const slices = ({ requests }: ScriptedServer) =>
  requests.map(({ url: { searchParams } }) => {
    const time = (name: string) =>
      searchParams
        .get(name)
        ?.slice(11, -1)
        .replace(/\.000$/, '');
    return `${time('start')} to ${time('end')}`;
  });
const cursors = (pages: readonly PageRead[]) => pages.map(({ records, cursor }) => [records, cursor]);

describe('the configuration dialect', () => {
  it('requests the whole window at once', async () => {
    const { server, pages } = await readFrom(
      CONFIGURATION,
      json(200, { version: '1.1', tailnetId: 'example.com', logs: [{ eventGroupID: 'g' }] }),
    );
    expect(pages).toMatchObject([
      {
        records: [{ eventGroupID: 'g' }],
        cursor: null,
        until: NOON,
        tailnet: 'example.com',
        oauthClientId: null,
        dialect: 'configuration',
      },
    ]);
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
    expect((await readFrom(CONFIGURATION, text(200, body))).pages).toMatchObject([{ records: [], tailnet }]);
  });

  it.each(['{}', '{"message":"no"}', '{"auditLogs":[]}', '{"version":"1.1","tailnetId":"example.com"}'])(
    'refuses %s [case 29]',
    async (body) => {
      const { failure } = await readFrom(CONFIGURATION, text(200, body));
      expect(failure).toMatchObject({ code: 'UPSTREAM_INVALID' });
      expect(failure?.message).toContain('has no list "logs"');
    },
  );

  it('halves a slice whose answer takes too long, gives out its whole records, and doubles the slice after a good one', async () => {
    const { server, pages } = await readFrom(
      CONFIGURATION,
      inTurn(stuck, json(200, { tailnetId: 'T1', logs: [1, 2] }), json(200, { tailnetId: 'T1', logs: [3] })),
      { timeoutMs: 400 },
    );
    expect(slices(server)).toEqual(['11:00:00 to 12:00:00', '11:00:00 to 11:30:00', '11:30:00 to 12:00:00']);
    expect(cursors(pages)).toEqual([
      [[1, 2], '2026-11-03T11:00:00.000Z/1800000'],
      [[1, 2], '2026-11-03T11:30:00.000Z'],
      [[3], null],
    ]);
    expect(pages.map(({ tailnet, until }) => [tailnet, until])).toEqual([
      ['T1', null],
      ['T1', NOON - 1_800_000],
      ['T1', NOON],
    ]);
  });

  it('continues with the length in a cursor, and doubles it until the window is done', async () => {
    const { server, pages } = await readFrom(CONFIGURATION, json(200, { logs: [1] }), {
      cursor: '2026-11-03T11:00:00.000Z/450000',
    });
    expect(slices(server)).toEqual([
      '11:00:00 to 11:07:30',
      '11:07:30 to 11:22:30',
      '11:22:30 to 11:52:30',
      '11:52:30 to 12:00:00',
    ]);
    expect(pages.map(({ cursor }) => cursor)).toEqual([
      '2026-11-03T11:07:30.000Z/900000',
      '2026-11-03T11:22:30.000Z/1800000',
      '2026-11-03T11:52:30.000Z',
      null,
    ]);
  });

  it('gives a page without records when not even the headers come in time', async () => {
    const { pages } = await readFrom(CONFIGURATION, inTurn(never, json(200, { logs: [1] })), { timeoutMs: 400 });
    expect(cursors(pages)).toEqual([
      [[], '2026-11-03T11:00:00.000Z/1800000'],
      [[1], '2026-11-03T11:30:00.000Z'],
      [[1], null],
    ]);
    expect(pages[0]).toMatchObject({ batches: [], asOf: null, skewMs: null, tailnet: null, dialect: 'configuration' });
  });

  it.each<[string, Respond]>([
    ['before the headers', never],
    ['in the middle', stuck],
  ])('fails when two answers of a walk stop %s, after pages whose cursors have smaller slices', async (_, respond) => {
    const { server, pages, failure } = await readFrom(CONFIGURATION, respond, { timeoutMs: 400 });
    expect(failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
    expect(failure?.message).toContain('no whole answer within 0.4 s');
    expect(pages.map(({ cursor }) => cursor)).toEqual([
      '2026-11-03T11:00:00.000Z/1800000',
      '2026-11-03T11:00:00.000Z/900000',
    ]);
    expect(server.requests).toHaveLength(2);
  });

  it('fails when the answer for one second takes too long', async () => {
    const window = { from: NOON - 1_000, until: NOON };
    const { failure } = await readFrom(CONFIGURATION, never, { timeoutMs: 400, window });
    expect(failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
  });

  it('halves down to a second and no further', async () => {
    const { server, pages } = await readFrom(CONFIGURATION, inTurn(never, json(200, { logs: [] })), {
      timeoutMs: 400,
      window: { from: NOON - 1_500, until: NOON },
    });
    expect(pages[0]?.cursor).toBe('2026-11-03T11:59:58.500Z/1000');
    expect(slices(server)).toEqual([
      '11:59:58.500 to 12:00:00',
      '11:59:58.500 to 11:59:59.500',
      '11:59:59.500 to 12:00:00',
    ]);
  });

  it('ends the page with a smaller slice when the run ends in the middle of an answer', async () => {
    const server = await start(stuck);
    const endsAt = performance.now() + 800;
    const deadline = before(() => Math.max(0, endsAt - performance.now()));
    const pages = setUp(server.origin).openAuditLog(connector(CONFIGURATION), null).pages(HOUR, null, deadline);
    const { value } = await pages.next();
    if (value === undefined) throw new Error('no page');
    expect(await readPage(value)).toMatchObject({ records: [1, 2], cursor: '2026-11-03T11:00:00.000Z/1800000' });
    expect(deadline.isNear()).toBe(true);
    expect(await failureOf(pages.next())).toMatchObject({ code: 'OUT_OF_TIME' });
    expect(server.requests).toHaveLength(1);
  });

  it('continues from the instant in a cursor', async () => {
    const { server } = await readFrom(CONFIGURATION, json(200, { logs: [] }), { cursor: '2026-11-03T11:15:00.250Z' });
    expect(server.requests.map(({ url }) => url.searchParams.get('start'))).toEqual(['2026-11-03T11:15:00.250Z']);
  });

  it.each([
    ["another dialect's", 'eyJvZmZzZXQiOjEwMH0'],
    ['a number', '1762167600000'],
    ['before the window', '2026-11-03T10:59:59.999Z'],
    ['the end of the window', '2026-11-03T12:00:00.000Z'],
    ['an instant in another spelling', '2026-11-03T11:15:00Z'],
    ['a slice of length 0', '2026-11-03T11:15:00.000Z/0'],
    ['a slice whose length is not plain digits', '2026-11-03T11:15:00.000Z/1e3'],
    ['a slice with more text after it', '2026-11-03T11:15:00.000Z/1000/1'],
  ])('refuses a cursor that is %s', async (_, cursor) => {
    const { server, failure } = await readFrom(CONFIGURATION, json(200, { logs: [] }), { cursor });
    expect(failure).toMatchObject({ code: 'CURSOR_REFUSED' });
    expect(server.requests).toHaveLength(0);
  });

  it.each([
    ['no further slice when the reserve begins during an answer', 230_000, 1],
    ['nothing when the reserve has begun', 0, 0],
  ])('requests %s [case 3]', async (_, untilReserve, requests) => {
    let left = untilReserve;
    const respond: Respond = () => {
      left = 0;
    };
    const deadline = before(() => left);
    const { server, failure } = await readFrom(CONFIGURATION, respond, { timeoutMs: 400, deadline });
    expect(failure).toMatchObject({ code: 'OUT_OF_TIME' });
    expect(server.requests).toHaveLength(requests);
  });

  it('gives every record of any log whose answers are too slow, wherever a walk stops and continues', async () => {
    const api = new URL('https://api.tailscale.com');
    const size = 100_000;
    await fc.assert(
      fc.asyncProperty(
        // At most 4 in any one second, so that a budget of 8 can always be met.
        fc.uniqueArray(fc.integer({ min: 0, max: (size / 1_000) * 4 - 1 }), { maxLength: 120 }),
        fc.integer({ min: 8, max: 200 }),
        fc.integer({ min: 1, max: 5 }),
        async (quarters, budget, pagesPerRun) => {
          const times = quarters.map((quarter) => HOUR.from + quarter * 250);
          const log = createConfigurationDialect(api, '-', ({ url, envelope }) => {
            const from = Date.parse(url.searchParams.get('start') ?? '');
            const until = Date.parse(url.searchParams.get('end') ?? '');
            const found = times.filter((at) => at >= from && at <= until);
            const whole = JSON.stringify({ tailnetId: 'T1', logs: found });
            const parts = found.length > budget ? [whole.slice(0, whole.length / 2)] : [whole, null];
            const next = () => {
              const part = parts.shift();
              if (part === undefined) return Promise.reject(new Unfinished('UPSTREAM_UNREACHABLE', 'slow'));
              return Promise.resolve(part === null ? null : Buffer.from(part));
            };
            const reader = new AnswerReader({ next, close: () => Promise.resolve() }, url, envelope);
            return Promise.resolve({ reader, asOf: NOON, skewMs: null, oauthClientId: null });
          });
          const window: Window = { from: HOUR.from, until: HOUR.from + size };
          const given = new Set<unknown>();
          let cursor: string | null = null;
          for (let runs = 0, isDone = false; !isDone; runs += 1) {
            expect(runs).toBeLessThan(400);
            let pages = 0;
            try {
              for await (const page of log.pages(window, cursor, PLENTY)) {
                const read = await readPage(page);
                read.records.forEach((record) => given.add(record));
                cursor = read.cursor;
                isDone = cursor === null;
                pages += 1;
                if (pages === pagesPerRun) break;
              }
            } catch (error) {
              expect(error).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
            }
          }
          expect([...given].sort()).toEqual([...times].sort());
        },
      ),
      { numRuns: 60 },
    );
  });
});

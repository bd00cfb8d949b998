import fc from 'fast-check';
import type { Window } from '../../../lib/domain/time';
import { AnswerReader } from '../../../lib/tailscale/answer/answer-reader';
import { createConfigurationDialect } from '../../../lib/tailscale/dialects/configuration';
import { Unfinished } from '../../../lib/tailscale/http/wait-limit';
import { createServers, inTurn, json, text } from './scripted-server';
import type { Respond, ScriptedServer } from './scripted-server';
import { connector, failureOf, HOUR, left, NOON, PLENTY, readPage, setUp } from './setting';
import type { PageRead } from './setting';

const { start, closeAll } = createServers();
afterEach(closeAll);

const CONFIGURATION = { dialect: 'configuration' } as const;

/** Part of an answer, and then nothing more. */
const stuckAfter =
  (beginning: string): Respond =>
  (response) => {
    response.writeHead(200);
    response.write(beginning);
  };
const stuck = stuckAfter('{"tailnetId":"T1","logs":[1,2,');
const never: Respond = () => undefined;

/** The slices that were asked for, as times of the day. */
const slices = ({ requests }: ScriptedServer) =>
  requests.map(({ url }) =>
    ['start', 'end']
      .map((name) =>
        url.searchParams
          .get(name)
          ?.slice(11, -1)
          .replace(/\.000$/, ''),
      )
      .join(' to '),
  );
const cursors = (pages: readonly PageRead[]) => pages.map(({ records, cursor }) => [records, cursor]);

describe('the configuration dialect', () => {
  it('asks for the whole window in one request', async () => {
    const server = await start(json(200, { version: '1.1', tailnetId: 'example.com', logs: [{ eventGroupID: 'g' }] }));
    const pages = await setUp(server.origin).read(CONFIGURATION);
    expect(pages).toHaveLength(1);
    expect(pages[0]).toMatchObject({
      records: [{ eventGroupID: 'g' }],
      cursor: null,
      until: NOON,
      tailnet: 'example.com',
      oauthClientId: null,
      dialect: 'configuration',
    });
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

  it.each(['{}', '{"message":"no"}', '{"auditLogs":[]}', '{"version":"1.1","tailnetId":"example.com"}'])(
    'refuses %s [case 29]',
    async (body) => {
      const server = await start(text(200, body));
      const failure = await failureOf(setUp(server.origin).read(CONFIGURATION));
      expect(failure).toMatchObject({ code: 'UPSTREAM_INVALID' });
      expect(failure.message).toContain('has no list "logs"');
    },
  );

  it('halves a slice whose answer takes too long, gives out what was whole, and doubles the next one that does not', async () => {
    const server = await start(
      inTurn(stuck, json(200, { tailnetId: 'T1', logs: [1, 2] }), json(200, { tailnetId: 'T1', logs: [3] })),
    );
    const pages = await setUp(server.origin, { timeoutMs: 400 }).read(CONFIGURATION);
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

  it('goes on with a kept length of slice, and doubles it until the window is done', async () => {
    const server = await start(json(200, { logs: [1] }));
    const pages = await setUp(server.origin).read(CONFIGURATION, { cursor: '2026-11-03T11:00:00.000Z/450000' });
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
    const server = await start(inTurn(never, json(200, { logs: [1] })));
    const pages = await setUp(server.origin, { timeoutMs: 400 }).read(CONFIGURATION);
    expect(cursors(pages)).toEqual([
      [[], '2026-11-03T11:00:00.000Z/1800000'],
      [[1], '2026-11-03T11:30:00.000Z'],
      [[1], null],
    ]);
    expect(pages[0]).toMatchObject({ batches: [], asOf: null, skewMs: null, tailnet: null, dialect: 'configuration' });
  });

  it.each<[string, Respond]>([
    ['hangs before the headers', never],
    ['hangs in the middle', stuck],
  ])('reports an upstream that %s twice in one walk, with smaller slices to go on with', async (_, respond) => {
    const server = await start(respond);
    const pages: PageRead[] = [];
    const walk = async () => {
      for await (const page of setUp(server.origin, { timeoutMs: 400 })
        .openAuditLog(connector(CONFIGURATION), null)
        .pages(HOUR, null, PLENTY))
        pages.push(await readPage(page));
    };
    const failure = await failureOf(walk());
    expect(failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
    expect(failure.message).toContain('no whole answer within 0.4 s');
    expect(pages.map(({ cursor }) => cursor)).toEqual([
      '2026-11-03T11:00:00.000Z/1800000',
      '2026-11-03T11:00:00.000Z/900000',
    ]);
    expect(server.requests).toHaveLength(2);
  });

  it('stops at a second of log whose answer takes too long', async () => {
    const server = await start(never);
    const failure = await failureOf(
      setUp(server.origin, { timeoutMs: 400 }).read(CONFIGURATION, { window: { from: NOON - 1_000, until: NOON } }),
    );
    expect(failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
  });

  it('halves down to a second and no further', async () => {
    const server = await start(inTurn(never, json(200, { logs: [] })));
    const window = { from: NOON - 1_500, until: NOON };
    const pages = await setUp(server.origin, { timeoutMs: 400 }).read(CONFIGURATION, { window });
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
    const untilNear = () => Math.max(0, endsAt - performance.now());
    const deadline = {
      remaining: () => untilNear() + 10_000,
      untilNear,
      isNear: () => untilNear() === 0,
      isOver: () => false,
    };
    const pages = setUp(server.origin).openAuditLog(connector(CONFIGURATION), null).pages(HOUR, null, deadline);
    const { value } = await pages.next();
    if (value === undefined) throw new Error('no page');
    expect(await readPage(value)).toMatchObject({ records: [1, 2], cursor: '2026-11-03T11:00:00.000Z/1800000' });
    expect(untilNear()).toBe(0);
    expect(await failureOf(pages.next())).toMatchObject({ code: 'OUT_OF_TIME' });
    expect(server.requests).toHaveLength(1);
  });

  it('goes on from the instant up to which the window is done', async () => {
    const server = await start(json(200, { logs: [] }));
    await setUp(server.origin).read(CONFIGURATION, { cursor: '2026-11-03T11:15:00.250Z' });
    expect(server.requests.map(({ url }) => url.searchParams.get('start'))).toEqual(['2026-11-03T11:15:00.250Z']);
  });

  it.each([
    ["another dialect's", 'eyJvZmZzZXQiOjEwMH0'],
    ['a number', '1762167600000'],
    ['before the window', '2026-11-03T10:59:59.999Z'],
    ['the end of the window', '2026-11-03T12:00:00.000Z'],
    ['an instant in another spelling', '2026-11-03T11:15:00Z'],
    ['a slice of no length', '2026-11-03T11:15:00.000Z/0'],
    ['a slice of a length that is no number', '2026-11-03T11:15:00.000Z/1e3'],
    ['a slice with more behind it', '2026-11-03T11:15:00.000Z/1000/1'],
  ])('refuses a cursor that is %s', async (_, cursor) => {
    const server = await start(json(200, { logs: [] }));
    expect(await failureOf(setUp(server.origin).read(CONFIGURATION, { cursor }))).toMatchObject({
      code: 'CURSOR_REFUSED',
    });
    expect(server.requests).toHaveLength(0);
  });

  it('begins no further half when the time is nearly over [case 3]', async () => {
    let untilNear = 230_000;
    const server = await start((response, request) => {
      untilNear = 0;
      never(response, request);
    });
    const deadline = {
      remaining: () => untilNear + 10_000,
      untilNear: () => untilNear,
      isNear: () => untilNear === 0,
      isOver: () => false,
    };
    expect(await failureOf(setUp(server.origin, { timeoutMs: 400 }).read(CONFIGURATION, { deadline }))).toMatchObject({
      code: 'OUT_OF_TIME',
    });
    expect(server.requests).toHaveLength(1);
  });

  it('sends nothing when the time is nearly over from the start [case 3]', async () => {
    const server = await start(json(200, { logs: [] }));
    expect(await failureOf(setUp(server.origin).read(CONFIGURATION, { deadline: left(0) }))).toMatchObject({
      code: 'OUT_OF_TIME',
    });
    expect(server.requests).toHaveLength(0);
  });

  it('gives every record of any log whose answers are too slow, wherever a walk is broken off and taken up again', async () => {
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
            return Promise.resolve({
              url,
              reader: new AnswerReader({ next, close: () => Promise.resolve() }, url, envelope),
              asOf: NOON,
              skewMs: null,
              oauthClientId: null,
            });
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

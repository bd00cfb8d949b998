import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { LogRecord } from '../../../lib/domain/record';
import type { AuditLogPage } from '../../../lib/ports/audit-log';
import { startTailnet } from '../../../local/tailnet/tailnet';
import type { StagedAnswer } from '../../../local/tailnet/exchange';
import type { Tailnet } from '../../../local/tailnet/tailnet';
import { createServers, inTurn, json, text } from './scripted-server';
import type { Respond } from './scripted-server';
import { API_KEY, connector, failureOf, HOUR, PLENTY, setUp } from './setting';

const { start, closeAll } = createServers();
const tailnets: Tailnet[] = [];
afterEach(async () => {
  await closeAll();
  await Promise.all(tailnets.splice(0).map((tailnet) => tailnet.close()));
});

const AUDIT = { dialect: 'audit' } as const;
const CONFIGURATION = { dialect: 'configuration' } as const;
const MB = 1_000_000;
const MIB = 1024 * 1024;

/** A tailnet that gives this instead of its log. */
async function staged(body: NonNullable<StagedAnswer['body']>): Promise<Tailnet> {
  const tailnet = await startTailnet({ apiKeys: [API_KEY] });
  tailnets.push(tailnet);
  tailnet.intercept(() => ({ body }));
  return tailnet;
}

/** One page, to be read by the test; `leave` is the end of the walk. */
async function open(
  origin: string,
  settings: Parameters<typeof connector>[0],
  options: Parameters<typeof setUp>[1] = {},
) {
  const pages = setUp(origin, options).openAuditLog(connector(settings), null).pages(HOUR, null, PLENTY);
  const { value: page } = await pages.next();
  if (page === undefined) throw new Error('no page');
  return { page, pages };
}

/** What a page gives out until it ends or fails. */
async function readOut(page: AuditLogPage): Promise<{ records: LogRecord[]; failure: unknown }> {
  const records: LogRecord[] = [];
  try {
    for await (const batch of page.batches) records.push(...batch);
    return { records, failure: null };
  } catch (failure) {
    return { records, failure };
  }
}

const values = (records: readonly LogRecord[]) =>
  records.map((record) => (record.kind === 'parsed' ? record.value : record.kind));

describe('batches', () => {
  it('have 100 records at most', async () => {
    const server = await start(json(200, { auditLogs: Array.from({ length: 250 }, (_, n) => n) }));
    const [page] = await setUp(server.origin).read(AUDIT);
    expect(page?.batches.map((batch) => batch.length)).toEqual([100, 100, 50]);
    expect(page?.batches.flat().map(({ position }) => position)).toEqual(page?.records);
  });

  it('have 1 MB at most, unless one record alone has more', async () => {
    const sizes = [400_000, 400_000, 400_000, 3_000_000, 10, 10];
    const server = await start(json(200, { auditLogs: sizes.map((size) => 'x'.repeat(size - 2)) }));
    const [page] = await setUp(server.origin).read(AUDIT);
    expect(page?.batches.map((batch) => batch.map(({ bytes }) => bytes))).toEqual([
      [400_000, 400_000],
      [400_000],
      [3_000_000],
      [10, 10],
    ]);
  });

  it('say how the answer ends only behind the last one', async () => {
    const server = await start(json(200, { auditLogs: [1], nextCursor: 'c' }));
    const { page, pages } = await open(server.origin, AUDIT);
    expect(() => page.end()).toThrow(TypeError);
    await readOut(page);
    expect(page.end()).toEqual({ cursor: 'c', until: null });
    await pages.return();
  });

  it('are fetched from the network only when they are asked for, and leaving them closes the connection', async () => {
    let sent = 0;
    let hasClosed = false;
    const record = `${JSON.stringify('x'.repeat(100_000))},`;
    const tailnet = await staged(
      (async function* () {
        try {
          yield '{"auditLogs":[';
          for (; sent < 200 * MB; sent += record.length) yield await Promise.resolve(record);
        } finally {
          hasClosed = true;
        }
      })(),
    );
    const { page, pages } = await open(tailnet.url, AUDIT);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent).toBeLessThan(40 * MB);
    for await (const batch of page.batches) {
      expect(batch).toHaveLength(9);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(hasClosed).toBe(true);
    expect((await pages.next()).done).toBe(true);
    expect(tailnet.requests).toHaveLength(1);
  });

  it.each<[string, (pages: AsyncGenerator<AuditLogPage, void, void>) => Promise<unknown>]>([
    ['asking for the next page', (pages) => pages.next()],
    ['ending the walk', (pages) => pages.return()],
  ])('that were not read are closed by %s', async (_, leave) => {
    let isClosed: Promise<unknown> | undefined;
    const server = await start((response) => {
      isClosed = new Promise((resolve) => response.on('close', resolve));
      response.write('{"auditLogs":[');
      response.write('1,'.repeat(1_000));
    });
    const { pages } = await open(server.origin, AUDIT);
    expect(await leave(pages)).toMatchObject({ done: true });
    await isClosed;
    expect(server.requests).toHaveLength(1);
  });

  it('are closed with the page when `auto` has found the dialect', async () => {
    let isClosed: Promise<unknown> | undefined;
    const server = await start((response) => {
      isClosed = new Promise((resolve) => response.on('close', resolve));
      response.write(`{"auditLogs":[${'1,'.repeat(1_000)}`);
    });
    const { pages } = await open(server.origin, {});
    await pages.return();
    await isClosed;
  });
});

describe('a large answer', () => {
  const measure = async (origin: string, dialect: string) => {
    const child = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      join(__dirname, 'read-all.ts'),
      origin,
      dialect,
    ]);
    return JSON.parse(child.stdout) as { records: number; bytes: number; grownMb: number };
  };

  it('of 200 MB is read in flat memory', async () => {
    const record = JSON.stringify({ action: 'UPDATE', old: 'x"\n'.repeat(22_000), new: 'é"\n'.repeat(22_000) });
    const count = Math.ceil((200 * MB) / Buffer.byteLength(record));
    const tailnet = await staged(
      (async function* () {
        yield '{"version":"1.1","tailnetId":"T1","logs":[';
        for (let n = 1; n < count; n += 1) yield await Promise.resolve(`${record},`);
        yield `${record}]}`;
      })(),
    );
    const read = await measure(tailnet.url, 'configuration');
    expect(read).toMatchObject({ records: count, bytes: count * Buffer.byteLength(record) });
    expect(read.grownMb).toBeLessThan(120);
  });

  it('with 200 MB of what nobody asked for, and nothing else, is read in flat memory', async () => {
    const tailnet = await staged(
      (async function* () {
        yield '{"auditLogs":[1],"unknown":';
        for (let n = 0; n < 100; n += 1) yield await Promise.resolve('[{"a":'.repeat(MB / 6));
        yield '"';
        for (let n = 0; n < 100; n += 1) yield await Promise.resolve('\\"x]'.repeat(MB / 4));
        yield '"';
        for (let n = 0; n < 100; n += 1) yield await Promise.resolve('}]'.repeat(Math.floor(MB / 6)));
        yield '}';
      })(),
    );
    const read = await measure(tailnet.url, 'audit');
    expect(read.records).toBe(1);
    expect(read.grownMb).toBeLessThan(120);
  });

  it('gives both edits of a 4.5 MB policy within one second', async () => {
    const policy = 'p"\n'.repeat(1_500_000);
    const edit = (n: number) => JSON.stringify({ eventTime: `2026-11-03T11:00:00.${n}Z`, old: policy, new: policy });
    const server = await start(text(200, `{"tailnetId":"T1","logs":[${edit(1)},${edit(2)}]}`));
    const { page, pages } = await open(server.origin, CONFIGURATION);
    const { records } = await readOut(page);
    expect(records.map(({ kind }) => kind)).toEqual(['parsed', 'parsed']);
    await pages.return();
  });
});

describe('a record that is larger than one may be', () => {
  const large = `{"a":"${'0123456789'.repeat(4 * MB)}"}`;
  const body = `{"tailnetId":"T1","logs":["before",${large},"after",${large}]}`;

  it('comes as a file, and the records around it as they are', async () => {
    const server = await start(text(200, body));
    const { page, pages } = await open(server.origin, CONFIGURATION);
    const paths: string[] = [];
    const kinds: string[][] = [];
    for await (const batch of page.batches) {
      expect(paths.filter((path) => existsSync(path))).toEqual([]);
      kinds.push(
        batch.map((record) => (record.kind === 'parsed' ? String(record.value) : `${record.kind} ${record.position}`)),
      );
      for (const record of batch) {
        if (record.kind !== 'oversized') continue;
        paths.push(record.file.path);
        const kept = gunzipSync(readFileSync(record.file.path));
        const sha256 = createHash('sha256').update(large).digest('hex');
        expect(record).toMatchObject({ bytes: large.length, digest: sha256, file: { sha256, bytes: large.length } });
        expect(kept.equals(Buffer.from(large))).toBe(true);
      }
    }
    expect(kinds).toEqual([['before'], ['oversized 1'], ['after'], ['oversized 3']]);
    expect(paths.filter((path) => existsSync(path))).toEqual([]);
    expect(page.end().cursor).toBeNull();
    await pages.return();
  });

  it('leaves no file when the page is closed', async () => {
    const server = await start(text(200, body));
    const { page, pages } = await open(server.origin, CONFIGURATION);
    let path = '';
    for await (const batch of page.batches) {
      const [record] = batch;
      if (record?.kind !== 'oversized') continue;
      ({ path } = record.file);
      expect(existsSync(path)).toBe(true);
      break;
    }
    expect(path).not.toBe('');
    expect(existsSync(path)).toBe(false);
    await pages.return();
  });

  it('may have 16 MiB', async () => {
    const largest = `"${'x'.repeat(16 * MIB - 2)}"`;
    const server = await start(text(200, `{"tailnetId":"T1","logs":[${largest},${largest.replace('x', 'xx')}]}`));
    const { page, pages } = await open(server.origin, CONFIGURATION);
    expect((await readOut(page)).records.map(({ kind }) => kind)).toEqual(['parsed', 'oversized']);
    await pages.return();
  });

  it('of more than 256 MiB is kept only as far, and known by all of it', async () => {
    const piece = Buffer.alloc(MIB, 'x');
    const digest = createHash('sha256').update('"');
    const tailnet = await staged(
      (async function* () {
        yield '{"auditLogs":["';
        for (let n = 0; n < 260; n += 1) {
          digest.update(piece);
          yield await Promise.resolve(piece);
        }
        yield '",2]}';
      })(),
    );
    const { page, pages } = await open(tailnet.url, AUDIT);
    const { records } = await readOut(page);
    expect(records).toMatchObject([
      { kind: 'oversized', bytes: 260 * MIB + 2, digest: digest.update('"').digest('hex'), file: { bytes: 256 * MIB } },
      { kind: 'parsed', value: 2 },
    ]);
    await pages.return();
  });
});

describe('an answer that fails after whole records', () => {
  const many = `{"auditLogs":[${'1,'.repeat(250)}`;
  const cut: Respond = (response) => {
    response.writeHead(200, { 'content-length': 10_000 });
    response.write(many, () => response.destroy());
  };

  it.each<[string, Respond, string]>([
    ['is shorter than announced [case 32]', cut, 'UPSTREAM_UNREACHABLE'],
    [
      'is reset [case 40]',
      (response) => response.write(many, () => setTimeout(() => response.socket?.resetAndDestroy(), 20)),
      'UPSTREAM_UNREACHABLE',
    ],
    ['ends early [case 32]', text(200, many), 'UPSTREAM_INVALID'],
    ['is not JSON behind them', text(200, `${many}1]}}`), 'UPSTREAM_INVALID'],
    ['has a cursor that is none', text(200, `${many}1],"nextCursor":7}`), 'UPSTREAM_INVALID'],
  ])('because it %s gives them out, fails, and is not asked for again', async (_, respond, code) => {
    const server = await start(respond);
    const { page, pages } = await open(server.origin, AUDIT);
    const { records, failure } = await readOut(page);
    expect(records.length).toBeGreaterThanOrEqual(250);
    expect(failure).toMatchObject({ code });
    expect(() => page.end()).toThrow(TypeError);
    expect((await pages.next()).done).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  it('is asked for again while none were given out, and then fails behind those of the last try', async () => {
    const server = await start((response) => {
      response.writeHead(200, { 'content-length': 10_000 });
      response.write('{"auditLogs":[1,2,', () => setTimeout(() => response.destroy(), 20));
    });
    const { page, pages } = await open(server.origin, AUDIT);
    expect(server.requests).toHaveLength(4);
    const { records, failure } = await readOut(page);
    expect(values(records)).toEqual([1, 2]);
    expect(failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
    await pages.return();
  });

  it('because it is too slow is not asked for again in the audit dialect', async () => {
    const server = await start((response) => response.write(many));
    const { page, pages } = await open(server.origin, AUDIT, { timeoutMs: 500 });
    const { records, failure } = await readOut(page);
    expect(records).toHaveLength(250);
    expect(failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
    expect(server.requests).toHaveLength(1);
    await pages.return();
  });

  it('gives out what a compressed answer had before it was cut [case 32]', async () => {
    const whole = gzipSync(
      JSON.stringify({
        auditLogs: Array.from({ length: 20_000 }, (_, n) => ({
          n,
          text: createHash('sha256').update(String(n)).digest('hex'),
        })),
      }),
    );
    const server = await start(text(200, whole.subarray(0, whole.length - 200), { 'content-encoding': 'gzip' }));
    const { page, pages } = await open(server.origin, AUDIT);
    const { records, failure } = await readOut(page);
    expect(records.length).toBeGreaterThan(10_000);
    expect(failure).toMatchObject({ code: expect.stringMatching(/^UPSTREAM_/) as string });
    await pages.return();
  });
});

describe('the time that upstream takes', () => {
  /** Three records of 1 MB each, so that each is a batch. */
  const inThree =
    (pauseMs: number): Respond =>
    (response) => {
      response.write('{"auditLogs":[');
      const write = (n: number): void => {
        response.write(`"${'x'.repeat(MB)}"${n < 3 ? ',' : ']}'}`);
        if (n < 3) setTimeout(write, pauseMs, n + 1);
        else response.end();
      };
      write(1);
    };

  it('does not contain that of whoever reads', async () => {
    const server = await start(inThree(0));
    const { page, pages } = await open(server.origin, AUDIT, { timeoutMs: 900 });
    let batches = 0;
    for await (const batch of page.batches) {
      batches += batch.length;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(batches).toBe(3);
    await pages.return();
  });

  it('is that of all chunks together', async () => {
    const server = await start(inThree(200));
    const { page, pages } = await open(server.origin, AUDIT, { timeoutMs: 300 });
    expect((await readOut(page)).failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
    await pages.return();
  });
});

describe('an envelope', () => {
  it.each([
    [
      'keys in any order, and unknown ones',
      '{"z":{"auditLogs":[9]},"nextCursor":"","auditLogs":[1],"b":[[],{}],"c":"]}"}',
      [1],
    ],
    ['both lists', '{"logs":[2],"auditLogs":[1]}', [2, 1]],
    ['escapes in its keys', '{"\\u0061uditLogs":[1]}', [1]],
    ['a key of 1 MB', `{"${'k'.repeat(MB)}":1,"auditLogs":[1]}`, [1]],
    ['an unknown number of 1 MB', `{"n":${'1'.repeat(MB)},"auditLogs":[1]}`, [1]],
    ['white space everywhere', ' \t\r\n{ \n"auditLogs" \n:\r\n[ 1 \t, 2 ] \n, "x" : null } \n', [1, 2]],
    ['a null and a list', '{"logs":null,"auditLogs":[1]}', [1]],
  ])('may have %s', async (_, body, expected) => {
    const server = await start(text(200, body));
    const [page] = await setUp(server.origin).read(AUDIT);
    expect(page?.records).toEqual(expected);
    expect(page?.cursor).toBeNull();
  });

  it.each([
    ['text behind its end', '{"auditLogs":[]}x', /not whole JSON/],
    ['another object behind its end', '{"auditLogs":[]}{"auditLogs":[]}', /not whole JSON/],
    ['no comma', '{"a":1 "auditLogs":[]}', /not whole JSON/],
    ['a comma too many', '{"auditLogs":[],}', /not whole JSON/],
    ['a comma too many in the list', '{"auditLogs":[1,]}', /not whole JSON/],
    ['no comma in the list', '{"auditLogs":[1 2]}', /not whole JSON/],
    ['a list that a brace ends', '{"auditLogs":[1}', /not whole JSON/],
    ['a word that is none', '{"auditLogs":[],"x":nil}', /not whole JSON/],
    ['a key without quotes', '{auditLogs:[]}', /not whole JSON/],
    ['a key with a bad escape', '{"\\q":1,"auditLogs":[]}', /not whole JSON/],
    ['no value', '{"auditLogs":}', /auditLogs: expected array|not whole JSON/],
    ['words instead', 'service unavailable', /not whole JSON/],
    ['a string instead', '"text"', /expected object/],
    ['only white space', ' \n ', /is empty/],
    ['a list that is a string', '{"auditLogs":"[]"}', /auditLogs: expected array/],
    ['a list that is a word', '{"auditLogs":false}', /auditLogs: expected array/],
    ['a cursor that is a list', '{"auditLogs":[],"cursor":["x"]}', /cursor: expected string/],
    ['a cursor of 3 MB', `{"auditLogs":[],"cursor":"${'x'.repeat(3 * MB)}"}`, /cursor: over 65536 characters/],
    [
      'a cursor that is no UTF-8',
      Buffer.concat([Buffer.from('{"auditLogs":[],"cursor":"'), Buffer.from([0xff]), Buffer.from('"}')]),
      /no UTF-8/,
    ],
  ])('must not have %s', async (_, body, expected) => {
    const server = await start(text(200, Buffer.from(body)));
    const failure = await failureOf(setUp(server.origin).read(AUDIT));
    expect(failure.code).toBe('UPSTREAM_INVALID');
    expect(failure.message).toMatch(expected);
    expect(server.requests).toHaveLength(1);
  });

  it('may have a cursor whose characters are all escaped', async () => {
    const server = await start(
      inTurn(text(200, `{"auditLogs":[],"nextCursor":"${'\\u0061'.repeat(8_000)}"}`), json(200, { auditLogs: [] })),
    );
    const pages = await setUp(server.origin).read(AUDIT);
    expect(pages.map(({ cursor }) => cursor?.length)).toEqual([8_000, undefined]);
  });
});

describe('the tailnet of an answer', () => {
  const read = async (body: string | Buffer) => {
    const server = await start(text(200, body));
    return (await setUp(server.origin).read(CONFIGURATION))[0];
  };

  it('may be named behind the list', async () => {
    expect(await read(`{"logs":[${Array.from({ length: 250 }, (_, n) => n).join()}],"tailnetId":"T1"}`)).toMatchObject({
      tailnet: 'T1',
    });
  });

  it('may be missing', async () => {
    expect(await read('{"logs":[1]}')).toMatchObject({ tailnet: null, records: [1] });
  });

  it('of up to 256 characters stays as it is', async () => {
    expect((await read(`{"tailnetId":"${'é'.repeat(256)}","logs":[]}`))?.tailnet).toBe('é'.repeat(256));
  });

  it.each([
    ['257 characters', 'x'.repeat(256), 'a', 'b'],
    ['3 MB', 'x'.repeat(3 * MB), 'a', 'b'],
    ['3 MB of escapes and other scripts', '\\n🔑'.repeat(MB / 2), 'a', 'b'],
  ])('of %s is shortened, and differs where the ids differ', async (_, long, one, other) => {
    const names = await Promise.all(
      [one, other, one].map(async (end) => (await read(`{"tailnetId":"${long}${end}","logs":[1]}`))?.tailnet),
    );
    expect(names[0]).toMatch(/^[^…]{199,200}…[0-9a-f]{16}$/);
    expect(names[0]).not.toBe(names[1]);
    expect(names[0]).toBe(names[2]);
  });

  it('that comes behind more than 8 MB of records is waited for in a smaller slice', async () => {
    const many = Array.from({ length: 20 }, () => 'x'.repeat(500_000));
    const server = await start(
      inTurn(json(200, { logs: many, tailnetId: 'T1' }), json(200, { logs: [1], tailnetId: 'T1' })),
    );
    const pages = await setUp(server.origin).read(CONFIGURATION);
    expect(pages.map(({ records, cursor, tailnet }) => [records, cursor, tailnet])).toEqual([
      [[], '2026-11-03T11:00:00.000Z/1800000', null],
      [[1], '2026-11-03T11:30:00.000Z', 'T1'],
      [[1], null, 'T1'],
    ]);
  });

  it("that comes behind more than 8 MB of one second's records is a failure", async () => {
    const server = await start(
      json(200, { logs: Array.from({ length: 20 }, () => 'x'.repeat(500_000)), tailnetId: 'T1' }),
    );
    const failure = await failureOf(
      setUp(server.origin).read(CONFIGURATION, { window: { from: HOUR.from, until: HOUR.from + 1_000 } }),
    );
    expect(failure).toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(failure.message).toContain('before it names its tailnet');
  });
});

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
import { inTurn, json, readFrom, start, text, type Respond, type ScriptedServer } from './scripted-server';
import { API_KEY, AUDIT, CONFIGURATION, connector, HOUR, PLENTY, setUp } from './setting';

const tailnets: Tailnet[] = [];
afterEach(async () => {
  await Promise.all(tailnets.splice(0).map((tailnet) => tailnet.close()));
});

const MB = 1_000_000;
const MIB = 1024 * 1024;

/** A tailnet that answers this instead of its log. */
async function staged(body: NonNullable<StagedAnswer['body']>): Promise<Tailnet> {
  const tailnet = await startTailnet({ apiKeys: [API_KEY] });
  tailnets.push(tailnet);
  tailnet.intercept(() => ({ body }));
  return tailnet;
}

/** One page, to be read by the test. */
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

/** The records of a page until it ends or fails. The walk is ended. */
async function readOut(
  settings: Parameters<typeof connector>[0],
  respond: Respond,
  options?: Parameters<typeof setUp>[1],
): Promise<{ records: LogRecord[]; failure: unknown; page: AuditLogPage; server: ScriptedServer }> {
  const server = await start(respond);
  const { page, pages } = await open(server.origin, settings, options);
  const records: LogRecord[] = [];
  let failure: unknown = null;
  try {
    for await (const batch of page.batches) records.push(...batch);
  } catch (thrown) {
    failure = thrown;
  }
  expect((await pages.next()).done).toBe(true);
  return { records, failure, page, server };
}

const values = (records: readonly LogRecord[]) =>
  records.map((record) => (record.kind === 'parsed' ? record.value : record.kind));

describe('batches', () => {
  it('have 100 records at most', async () => {
    const { pages } = await readFrom(AUDIT, json(200, { auditLogs: Array.from({ length: 250 }, (_, n) => n) }));
    expect(pages[0]?.batches.map((batch) => batch.length)).toEqual([100, 100, 50]);
    expect(pages[0]?.batches.flat().map(({ position }) => position)).toEqual(pages[0]?.records);
  });

  it('have 1 MB at most, unless one record alone has more', async () => {
    const sizes = [400_000, 400_000, 400_000, 3_000_000, 10, 10];
    const { pages } = await readFrom(AUDIT, json(200, { auditLogs: sizes.map((size) => 'x'.repeat(size - 2)) }));
    expect(pages[0]?.batches.map((batch) => batch.map(({ bytes }) => bytes))).toEqual([
      [400_000, 400_000],
      [400_000],
      [3_000_000],
      [10, 10],
    ]);
  });

  it('have the end of the page after the last one', async () => {
    const server = await start(json(200, { auditLogs: [1], nextCursor: 'c' }));
    const { page, pages } = await open(server.origin, AUDIT);
    expect(() => page.end()).toThrow(TypeError);
    for await (const batch of page.batches) expect(batch).toHaveLength(1);
    expect(page.end()).toEqual({ cursor: 'c', until: null });
    await pages.return();
  });

  it('are read from the network on demand, and leaving the loop closes the connection', async () => {
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

  it.each<
    [string, Parameters<typeof connector>[0], (pages: AsyncGenerator<AuditLogPage, void, void>) => Promise<unknown>]
  >([
    ['by pulling the next page', AUDIT, (pages) => pages.next()],
    ['by ending the walk', AUDIT, (pages) => pages.return()],
    ['by ending the walk of `auto`', {}, (pages) => pages.return()],
  ])('that were not read are closed %s', async (_, settings, leave) => {
    let isClosed: Promise<unknown> | undefined;
    const server = await start((response) => {
      isClosed = new Promise((resolve) => response.on('close', resolve));
      response.write('{"auditLogs":[');
      response.write('1,'.repeat(1_000));
    });
    const { pages } = await open(server.origin, settings);
    expect(await leave(pages)).toMatchObject({ done: true });
    await isClosed;
    expect(server.requests).toHaveLength(1);
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

  it('with 200 MB of unknown fields is read in flat memory', async () => {
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

  it('gives both edits of a 4.5 MB policy in one second of log', async () => {
    const policy = 'p"\n'.repeat(1_500_000);
    const edit = (n: number) => JSON.stringify({ eventTime: `2026-11-03T11:00:00.${n}Z`, old: policy, new: policy });
    const body = `{"tailnetId":"T1","logs":[${edit(1)},${edit(2)}]}`;
    const { records } = await readOut(CONFIGURATION, text(200, body));
    expect(records.map(({ kind }) => kind)).toEqual(['parsed', 'parsed']);
  });
});

describe('a record that is larger than one may be', () => {
  const large = `{"a":"${'0123456789'.repeat(4 * MB)}"}`;
  const body = `{"tailnetId":"T1","logs":["before",${large},"after",${large}]}`;

  it('comes as a file, and the records around it are parsed', async () => {
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

  it('has more than 16 MiB', async () => {
    const largest = `"${'x'.repeat(16 * MIB - 2)}"`;
    const both = `{"tailnetId":"T1","logs":[${largest},${largest.replace('x', 'xx')}]}`;
    const { records } = await readOut(CONFIGURATION, text(200, both));
    expect(records.map(({ kind }) => kind)).toEqual(['parsed', 'oversized']);
  });

  it('of more than 256 MiB is kept up to there, with the digest of the whole record', async () => {
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
    const [page] = await setUp(tailnet.url).read(AUDIT);
    expect(page?.batches.flat()).toMatchObject([
      { kind: 'oversized', bytes: 260 * MIB + 2, digest: digest.update('"').digest('hex'), file: { bytes: 256 * MIB } },
      { kind: 'parsed', value: 2 },
    ]);
  });
});

describe('an answer that fails after whole records', () => {
  const many = `{"auditLogs":[${'1,'.repeat(250)}`;
  const cut: Respond = (response) => {
    response.writeHead(200, { 'content-length': 10_000 });
    response.write(many, () => response.destroy());
  };

  it.each<[string, Respond, string]>([
    ['is shorter than its content-length [case 32]', cut, 'UPSTREAM_UNREACHABLE'],
    [
      'is reset [case 40]',
      (response) => response.write(many, () => setTimeout(() => response.socket?.resetAndDestroy(), 20)),
      'UPSTREAM_UNREACHABLE',
    ],
    ['ends early [case 32]', text(200, many), 'UPSTREAM_INVALID'],
    ['is not JSON after them', text(200, `${many}1]}}`), 'UPSTREAM_INVALID'],
    ['has a number as cursor', text(200, `${many}1],"nextCursor":7}`), 'UPSTREAM_INVALID'],
  ])('because it %s gives them out, fails, and is not requested again', async (_, respond, code) => {
    const { records, failure, page, server } = await readOut(AUDIT, respond);
    expect(records.length).toBeGreaterThanOrEqual(250);
    expect(failure).toMatchObject({ code });
    expect(() => page.end()).toThrow(TypeError);
    expect(server.requests).toHaveLength(1);
  });

  it('is requested again until a batch is given out; the last try gives out its records and fails', async () => {
    const { records, failure, server } = await readOut(AUDIT, (response) => {
      response.writeHead(200, { 'content-length': 10_000 });
      response.write('{"auditLogs":[1,2,', () => setTimeout(() => response.destroy(), 20));
    });
    expect(server.requests).toHaveLength(4);
    expect(values(records)).toEqual([1, 2]);
    expect(failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
  });

  it('because it is too slow is not requested again in the audit dialect', async () => {
    const respond: Respond = (response) => response.write(many);
    const { records, failure, server } = await readOut(AUDIT, respond, { timeoutMs: 500 });
    expect(records).toHaveLength(250);
    expect(failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
    expect(server.requests).toHaveLength(1);
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
    const respond = text(200, whole.subarray(0, whole.length - 200), { 'content-encoding': 'gzip' });
    const { records, failure } = await readOut(AUDIT, respond);
    expect(records.length).toBeGreaterThan(10_000);
    expect(failure).toMatchObject({ code: expect.stringMatching(/^UPSTREAM_/) as string });
  });
});

describe('the time limit of one answer', () => {
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

  it('does not include the time of the reader', async () => {
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

  it('includes all chunks together', async () => {
    const { failure } = await readOut(AUDIT, inThree(400), { timeoutMs: 500 });
    expect(failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
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
    expect((await readFrom(AUDIT, text(200, body))).pages).toMatchObject([{ records: expected, cursor: null }]);
  });

  it.each([
    ['text after its end', '{"auditLogs":[]}x', /not whole JSON/],
    ['another object after its end', '{"auditLogs":[]}{"auditLogs":[]}', /not whole JSON/],
    ['no comma', '{"a":1 "auditLogs":[]}', /not whole JSON/],
    ['a comma too many', '{"auditLogs":[],}', /not whole JSON/],
    ['a comma too many in the list', '{"auditLogs":[1,]}', /not whole JSON/],
    ['no comma in the list', '{"auditLogs":[1 2]}', /not whole JSON/],
    ['a list that a brace ends', '{"auditLogs":[1}', /not whole JSON/],
    ['an unknown word', '{"auditLogs":[],"x":nil}', /not whole JSON/],
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
      'a cursor that is not UTF-8',
      Buffer.concat([Buffer.from('{"auditLogs":[],"cursor":"'), Buffer.from([0xff]), Buffer.from('"}')]),
      /not UTF-8/,
    ],
  ])('must not have %s', async (_, body, expected) => {
    const { server, failure } = await readFrom(AUDIT, text(200, Buffer.from(body)));
    expect(failure).toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(failure?.message).toMatch(expected);
    expect(server.requests).toHaveLength(1);
  });

  it('may have a cursor whose characters are all escaped', async () => {
    const { pages } = await readFrom(
      AUDIT,
      inTurn(text(200, `{"auditLogs":[],"nextCursor":"${'\\u0061'.repeat(8_000)}"}`), json(200, { auditLogs: [] })),
    );
    expect(pages.map(({ cursor }) => cursor?.length)).toEqual([8_000, undefined]);
  });
});

describe('the tailnet of an answer', () => {
  const read = async (body: string) => (await readFrom(CONFIGURATION, text(200, body))).pages[0];
  const many = Array.from({ length: 20 }, () => 'x'.repeat(500_000));

  it('may come after the list', async () => {
    expect(await read(`{"logs":[${Array.from({ length: 250 }, (_, n) => n).join()}],"tailnetId":"T1"}`)).toMatchObject({
      tailnet: 'T1',
    });
  });

  it('may be missing', async () => {
    expect(await read('{"logs":[1]}')).toMatchObject({ tailnet: null, records: [1] });
  });

  it('of up to 256 characters is not shortened', async () => {
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

  it('after more than 8 MB of records makes the adapter request a smaller slice', async () => {
    const { pages } = await readFrom(
      CONFIGURATION,
      inTurn(json(200, { logs: many, tailnetId: 'T1' }), json(200, { logs: [1], tailnetId: 'T1' })),
    );
    expect(pages.map(({ records, cursor, tailnet }) => [records, cursor, tailnet])).toEqual([
      [[], '2026-11-03T11:00:00.000Z/1800000', null],
      [[1], '2026-11-03T11:30:00.000Z', 'T1'],
      [[1], null, 'T1'],
    ]);
  });

  it("after more than 8 MB of one second's records is a failure", async () => {
    const { failure } = await readFrom(CONFIGURATION, json(200, { logs: many, tailnetId: 'T1' }), {
      window: { from: HOUR.from, until: HOUR.from + 1_000 },
    });
    expect(failure).toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(failure?.message).toContain('before it names its tailnet');
  });
});

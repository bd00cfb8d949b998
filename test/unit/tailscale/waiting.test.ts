import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { VersionedCredential } from '../../../lib/domain/credential';
import { createServers, inTurn, json, text } from './scripted-server';
import type { Respond } from './scripted-server';
import { apiKey, failureOf, left, NOON, oauthClient, setUp } from './setting';

const { start, closeAll } = createServers();
afterEach(closeAll);

const AUDIT = { dialect: 'audit' } as const;
const page = json(200, { auditLogs: [1] });

/** Half of the answer, then the socket is gone. */
const cut: Respond = (response) => {
  response.writeHead(200, { 'content-length': 100 });
  response.write('{"auditLogs":');
  setImmediate(() => response.destroy());
};
/** The socket is gone before an answer. */
const reset: Respond = (response) => {
  response.socket?.resetAndDestroy();
};
/** Chunks that end without the last one. */
const cutChunks: Respond = (response) => {
  response.writeHead(200);
  response.write('{"auditLogs":[]}');
  setImmediate(() => response.destroy());
};

describe('trouble that may pass', () => {
  it.each<[string, Respond, string]>([
    ['a 500 [case 40]', json(500, {}), 'UPSTREAM_ERROR'],
    ['a 502 with a web page [case 40]', text(502, '<html>bad gateway</html>'), 'UPSTREAM_ERROR'],
    ['a 503 [case 40]', json(503, { message: 'later' }), 'UPSTREAM_ERROR'],
    ['a 504 [case 40]', text(504, ''), 'UPSTREAM_ERROR'],
    ['a reset connection [case 40]', reset, 'UPSTREAM_UNREACHABLE'],
    ['a body shorter than announced [case 32]', cut, 'UPSTREAM_UNREACHABLE'],
    ['chunks that break off [case 32]', cutChunks, 'UPSTREAM_UNREACHABLE'],
    ['no HTTP at all', (response) => response.socket?.end('what?\r\n\r\n'), 'UPSTREAM_UNREACHABLE'],
  ])('after %s is tried four times, with growing pauses, and then reported', async (_, respond, code) => {
    const server = await start(respond);
    const { pauses, read } = setUp(server.origin);
    expect(await failureOf(read(AUDIT))).toMatchObject({ code });
    expect(server.requests).toHaveLength(4);
    // Half way from 0.5 s to 2, 8 and 20 s.
    expect(pauses).toEqual([1_250, 4_250, 10_250]);
  });

  it.each<[string, Respond]>([
    ['a 500', json(500, {})],
    ['a reset', reset],
    ['a cut body', cut],
  ])('after %s goes on with the answer of the next try', async (_, respond) => {
    const server = await start(inTurn(respond, page));
    expect(await setUp(server.origin).read(AUDIT)).toMatchObject([{ records: [1] }]);
  });

  it('dates a page by the try that gave it', async () => {
    const server = await start(
      inTurn(json(500, {}), json(200, { auditLogs: [] }, { date: new Date(NOON + 60_000).toUTCString() })),
    );
    expect(await setUp(server.origin).read(AUDIT)).toMatchObject([{ asOf: NOON + 1_250 }]);
  });

  it.each([0, 0.999_999])('pauses between 0.5 and 20 s (random source at %d)', async (at) => {
    const server = await start(json(500, {}));
    const { pauses, read } = setUp(server.origin, { random: () => at });
    await failureOf(read(AUDIT));
    expect(pauses).toEqual(at === 0 ? [500, 500, 500] : [2_000, 8_000, 20_000]);
  });

  it('begins no pause that would leave no time for another try', async () => {
    const server = await start(json(500, {}));
    const { pauses, read } = setUp(server.origin);
    expect(await failureOf(read(AUDIT, { deadline: left(25_200) }))).toMatchObject({ code: 'UPSTREAM_ERROR' });
    // Pauses of 1.25 s and 4.25 s fit; 10.25 s would leave less than 15 s for the try and the last writes.
    expect(pauses).toEqual([1_250, 4_250]);
  });

  it('sends nothing more once the time is over after a pause, and reports what had gone wrong', async () => {
    const server = await start(json(500, {}));
    let remaining = 60_000;
    const { read } = setUp(server.origin, {
      wait: () => {
        remaining = 0;
        return Promise.resolve();
      },
    });
    const deadline = {
      remaining: () => remaining,
      untilNear: () => Math.max(0, remaining - 10_000),
      isNear: () => remaining <= 10_000,
      isOver: () => remaining <= 4_000,
    };
    expect(await failureOf(read(AUDIT, { deadline }))).toMatchObject({ code: 'UPSTREAM_ERROR' });
    expect(server.requests).toHaveLength(1);
  });

  it('says in the log what happened, and how long the pause is', async () => {
    const server = await start(inTurn(json(503, {}, { 'x-tailscale-request-id': 'req-7' }), page));
    const lines: unknown[] = [];
    const logger = {
      info: () => undefined,
      warn: (message: string, fields?: object) => lines.push({ message, ...fields }),
    };
    await setUp(server.origin, { logger }).read(AUDIT);
    expect(lines).toEqual([
      {
        message: 'Tailscale is asked again',
        code: 'UPSTREAM_ERROR',
        reason: expect.stringContaining('request id req-7') as string,
        attempt: 1,
        pauseMs: 1_250,
      },
    ]);
  });
});

describe('an answer that does not come', () => {
  const never: Respond = () => undefined;
  const trickle: Respond = (response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(' '), 5);
    response.on('close', () => {
      clearInterval(timer);
    });
  };

  const packed: Respond = (response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.write(gzipSync(JSON.stringify({ auditLogs: 'x'.repeat(1_000) })).subarray(0, 20));
  };

  it.each<[string, Respond]>([
    ['at all', never],
    ['to its end [case 32]', trickle],
    ['to its end, compressed', packed],
  ])('%s is given up after the limit of one request, and tried again', async (_, respond) => {
    const server = await start(inTurn(respond, page));
    expect(await setUp(server.origin, { timeoutMs: 300 }).read(AUDIT)).toMatchObject([{ records: [1] }]);
    expect(server.requests).toHaveLength(2);
  });

  it('is reported with the limit and what to check', async () => {
    const server = await start(never);
    const failure = await failureOf(setUp(server.origin, { timeoutMs: 20 }).read(AUDIT));
    expect(failure.code).toBe('UPSTREAM_UNREACHABLE');
    expect(failure.message).toMatch(/no whole answer within 0\.02 s.*NAT gateway/);
    expect(server.requests).toHaveLength(4);
  });

  it.each<[string, VersionedCredential]>([
    ['the log', apiKey()],
    ['a token', oauthClient()],
  ])('to a request for %s is waited for only until the reserve of the run begins', async (_, secret) => {
    const server = await start(never);
    const deadline = { remaining: () => 60_000, untilNear: () => 400, isNear: () => false, isOver: () => false };
    expect(await failureOf(setUp(server.origin, { secret }).read(AUDIT, { deadline }))).toMatchObject({
      code: 'OUT_OF_TIME',
    });
    expect(server.requests).toHaveLength(1);
  });

  it('is not asked for again when the reserve would begin before', async () => {
    const server = await start(never);
    let untilNear = 60_000;
    const { pauses, read } = setUp(server.origin, {
      timeoutMs: 400,
      wait: () => Promise.reject(new Error('there is no time for a pause')),
    });
    const deadline = {
      remaining: () => untilNear + 10_000,
      untilNear: () => untilNear,
      isNear: () => untilNear === 0,
      isOver: () => false,
    };
    setTimeout(() => (untilNear = 5_000), 100);
    expect(await failureOf(read(AUDIT, { deadline }))).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
    expect(pauses).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });
});

describe('a host that cannot be reached', () => {
  it('[case 40] is named with the code and what to check when nothing listens there', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const failure = await failureOf(setUp(`http://127.0.0.1:${port}`).read(AUDIT));
    expect(failure.code).toBe('UPSTREAM_UNREACHABLE');
    expect(failure.message).toMatch(new RegExp(`127\\.0\\.0\\.1:${port} \\(ECONNREFUSED\\).*API URL`));
  });

  it('[case 40] is named with the code and what to check when its name is not known', async () => {
    const failure = await failureOf(setUp('https://tailscale.invalid').read(AUDIT));
    expect(failure.code).toBe('UPSTREAM_UNREACHABLE');
    expect(failure.message).toMatch(/tailscale\.invalid \((ENOTFOUND|EAI_AGAIN)\).*name could not be resolved/);
  });

  it('[case 40] is named with what to check when it speaks no TLS', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const failure = await failureOf(setUp(`https://127.0.0.1:${port}`).read(AUDIT));
    expect(failure.message).toMatch(/\(ERR_SSL_\w+\).*TLS was not accepted/);
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('a 429', () => {
  const limited = (headers: Readonly<Record<string, string>>) => json(429, { message: 'slow down' }, headers);
  const date = new Date(NOON).toUTCString();

  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['seconds', { 'retry-after': '7' }, 7_000],
    [
      "a date, by the server's clock",
      { 'retry-after': new Date(NOON + 630_000).toUTCString(), date: new Date(NOON + 600_000).toUTCString() },
      30_000,
    ],
    ['a date that is past', { 'retry-after': new Date(NOON - 30_000).toUTCString(), date }, 1_250],
    ['zero seconds', { 'retry-after': '0' }, 1_250],
    ['a negative number', { 'retry-after': '-5' }, 1_250],
    ['nothing', {}, 60_000],
    ['words', { 'retry-after': 'soon' }, 60_000],
  ])('with %s is waited for and asked again [case 39]', async (_, headers, pause) => {
    const server = await start(inTurn(limited(headers), page));
    const { pauses, read } = setUp(server.origin);
    expect(await read(AUDIT)).toMatchObject([{ records: [1] }]);
    expect(pauses).toEqual([pause]);
  });

  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['a day', { 'retry-after': '86400' }, 15 * 60_000],
    ['five minutes', { 'retry-after': '300' }, 300_000],
    ['a day, as a date', { 'retry-after': new Date(NOON + 86_400_000).toUTCString(), date }, 15 * 60_000],
  ])(
    'with a wait of %s that is longer than the run is reported with it [case 39]',
    async (_, headers, retryAfterMs) => {
      const server = await start(limited(headers));
      const { pauses, read } = setUp(server.origin);
      expect(await failureOf(read(AUDIT))).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs });
      expect(pauses).toEqual([]);
      expect(server.requests).toHaveLength(1);
    },
  );

  it('for ever is given up after four tries [case 39]', async () => {
    const server = await start(limited({ 'retry-after': '1' }));
    expect(await failureOf(setUp(server.origin).read(AUDIT))).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs: 1_000,
    });
    expect(server.requests).toHaveLength(4);
  });

  it('does not make auto ask the other dialect', async () => {
    const server = await start(limited({ 'retry-after': '600' }));
    expect(await failureOf(setUp(server.origin).read())).toMatchObject({ code: 'RATE_LIMITED' });
    expect(server.requests.every(({ url }) => url.pathname.endsWith('/audit'))).toBe(true);
  });
});

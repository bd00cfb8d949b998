import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { VersionedCredential } from '../../../lib/domain/credential';
import { inTurn, json, readFrom, text, type Respond } from './scripted-server';
import { apiKey, AUDIT, before, failureOf, NOON, oauthClient, setUp } from './setting';

const page = json(200, { auditLogs: [1] });

/** Half of the answer, then the connection breaks. */
const cut: Respond = (response) => {
  response.writeHead(200, { 'content-length': 100 });
  response.write('{"auditLogs":');
  setImmediate(() => response.destroy());
};
/** The connection breaks before an answer. */
const reset: Respond = (response) => {
  response.socket?.resetAndDestroy();
};
/** Chunks without the last one. */
const cutChunks: Respond = (response) => {
  response.writeHead(200);
  response.write('{"auditLogs":[]}');
  setImmediate(() => response.destroy());
};
const never: Respond = () => undefined;

describe('a failure that may pass', () => {
  it.each<[string, Respond, string]>([
    ['a 500 [case 40]', json(500, {}), 'UPSTREAM_ERROR'],
    ['a 502 with a web page [case 40]', text(502, '<html>bad gateway</html>'), 'UPSTREAM_ERROR'],
    ['a 503 [case 40]', json(503, { message: 'later' }), 'UPSTREAM_ERROR'],
    ['a 504 [case 40]', text(504, ''), 'UPSTREAM_ERROR'],
    ['a reset connection [case 40]', reset, 'UPSTREAM_UNREACHABLE'],
    ['a body shorter than its content-length [case 32]', cut, 'UPSTREAM_UNREACHABLE'],
    ['chunks that break off [case 32]', cutChunks, 'UPSTREAM_UNREACHABLE'],
    ['an answer that is not HTTP', (response) => response.socket?.end('what?\r\n\r\n'), 'UPSTREAM_UNREACHABLE'],
  ])('%s is tried four times, with growing pauses, and then reported', async (_, respond, code) => {
    const { server, failure, pauses } = await readFrom(AUDIT, respond);
    expect(failure).toMatchObject({ code });
    expect(server.requests).toHaveLength(4);
    // Half way from 0.5 s to 2, 8 and 20 s.
    expect(pauses).toEqual([1_250, 4_250, 10_250]);
  });

  it.each<[string, Respond]>([
    ['a 500', json(500, {})],
    ['a reset', reset],
    ['a cut body', cut],
  ])('%s does not matter if the next try succeeds', async (_, respond) => {
    expect((await readFrom(AUDIT, inTurn(respond, page))).records).toEqual([1]);
  });

  it('does not change that a page has the time of its own request', async () => {
    const dated = json(200, { auditLogs: [] }, { date: new Date(NOON + 60_000).toUTCString() });
    expect((await readFrom(AUDIT, inTurn(json(500, {}), dated))).pages).toMatchObject([{ asOf: NOON + 1_250 }]);
  });

  it.each([
    [0, [500, 500, 500]],
    [0.999_999, [2_000, 8_000, 20_000]],
  ])('is followed by a pause of 0.5 to 20 s (random source at %d)', async (at, expected) => {
    expect((await readFrom(AUDIT, json(500, {}), { random: () => at })).pauses).toEqual(expected);
  });

  it('is followed by no pause that would leave too little time for another try', async () => {
    const { failure, pauses } = await readFrom(AUDIT, json(500, {}), { deadline: before(() => 15_200) });
    expect(failure).toMatchObject({ code: 'UPSTREAM_ERROR' });
    // 1.25 s and 4.25 s fit; 10.25 s would leave less than 5 s before the reserve.
    expect(pauses).toEqual([1_250, 4_250]);
  });

  it('is reported, and nothing more is sent, when time has run out after a pause', async () => {
    let left = 50_000;
    const wait = () => {
      left = 0;
      return Promise.resolve();
    };
    const { server, failure } = await readFrom(AUDIT, json(500, {}), { wait, deadline: before(() => left) });
    expect(failure).toMatchObject({ code: 'UPSTREAM_ERROR' });
    expect(server.requests).toHaveLength(1);
  });

  it('is logged with its reason and the pause', async () => {
    const lines: unknown[] = [];
    const logger = {
      info: () => undefined,
      warn: (message: string, fields?: object) => lines.push({ message, ...fields }),
    };
    await readFrom(AUDIT, inTurn(json(503, {}, { 'x-tailscale-request-id': 'req-7' }), page), { logger });
    expect(lines).toEqual([
      {
        message: 'Tailscale request failed; retrying',
        code: 'UPSTREAM_ERROR',
        reason: expect.stringContaining('request id req-7') as string,
        attempt: 1,
        pauseMs: 1_250,
      },
    ]);
  });
});

describe('an answer that does not come', () => {
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
  ])('%s is given up at the limit of one request, and tried again', async (_, respond) => {
    const { server, records } = await readFrom(AUDIT, inTurn(respond, page), { timeoutMs: 300 });
    expect(records).toEqual([1]);
    expect(server.requests).toHaveLength(2);
  });

  it('is reported with the limit and what to check', async () => {
    const { server, failure } = await readFrom(AUDIT, never, { timeoutMs: 20 });
    expect(failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
    expect(failure?.message).toMatch(/no whole answer within 0\.02 s.*NAT gateway/);
    expect(server.requests).toHaveLength(4);
  });

  it.each<[string, VersionedCredential]>([
    ['the log', apiKey()],
    ['a token', oauthClient()],
  ])('to a request for %s is given up when the reserve of the run begins', async (_, secret) => {
    const { server, failure } = await readFrom(AUDIT, never, { secret, deadline: before(() => 400) });
    expect(failure).toMatchObject({ code: 'OUT_OF_TIME' });
    expect(server.requests).toHaveLength(1);
  });

  it('is not requested again when the reserve would begin first', async () => {
    let left = 60_000;
    setTimeout(() => (left = 5_000), 100);
    const { server, failure, pauses } = await readFrom(AUDIT, never, { timeoutMs: 400, deadline: before(() => left) });
    expect(failure).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
    expect(pauses).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });
});

describe('[case 40] a host that cannot be reached is reported with the code and what to check', () => {
  const listen = async (onSocket: (socket: Socket) => void) => {
    const server = createServer(onSocket);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { server, port: (server.address() as AddressInfo).port };
  };

  it('when nothing listens there', async () => {
    const { server, port } = await listen(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    const failure = await failureOf(setUp(`http://127.0.0.1:${port}`).read(AUDIT));
    expect(failure.code).toBe('UPSTREAM_UNREACHABLE');
    expect(failure.message).toMatch(new RegExp(`127\\.0\\.0\\.1:${port} \\(ECONNREFUSED\\).*API URL`));
  });

  it('when its name is not known', async () => {
    const failure = await failureOf(setUp('https://tailscale.invalid').read(AUDIT));
    expect(failure.code).toBe('UPSTREAM_UNREACHABLE');
    expect(failure.message).toMatch(/tailscale\.invalid \((ENOTFOUND|EAI_AGAIN)\).*name could not be resolved/);
  });

  it('when it speaks no TLS', async () => {
    const { server, port } = await listen((socket) => {
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n', () => socket.destroy());
    });
    const failure = await failureOf(setUp(`https://127.0.0.1:${port}`).read(AUDIT));
    expect(failure.message).toMatch(/\(ERR_SSL_\w+\).*TLS was not accepted/);
    server.close();
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
    ['a date in the past', { 'retry-after': new Date(NOON - 30_000).toUTCString(), date }, 1_250],
    ['zero seconds', { 'retry-after': '0' }, 1_250],
    ['a negative number', { 'retry-after': '-5' }, 1_250],
    ['nothing', {}, 60_000],
    ['words', { 'retry-after': 'soon' }, 60_000],
  ])('with %s as Retry-After is followed by that pause and another try [case 39]', async (_, headers, pause) => {
    const { records, pauses } = await readFrom(AUDIT, inTurn(limited(headers), page));
    expect(records).toEqual([1]);
    expect(pauses).toEqual([pause]);
  });

  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['a day', { 'retry-after': '86400' }, 15 * 60_000],
    ['five minutes', { 'retry-after': '300' }, 300_000],
    ['a day, as a date', { 'retry-after': new Date(NOON + 86_400_000).toUTCString(), date }, 15 * 60_000],
  ])('with a wait of %s, longer than the run, is reported with it [case 39]', async (_, headers, retryAfterMs) => {
    const { server, failure, pauses } = await readFrom(AUDIT, limited(headers));
    expect(failure).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs });
    expect(pauses).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  it('on every try is given up after four tries [case 39]', async () => {
    const { server, failure } = await readFrom(AUDIT, limited({ 'retry-after': '1' }));
    expect(failure).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 1_000 });
    expect(server.requests).toHaveLength(4);
  });
});

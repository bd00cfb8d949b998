import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parseJson } from '../../lib/tailscale/body';
import { createServers, json, text } from './scripted-server';
import { failureOf, setUp } from './setting';

const { start, closeAll } = createServers();
afterEach(closeAll);

const AUDIT = { dialect: 'audit' } as const;
const MIB = 1024 * 1024;
const url = new URL('https://api.tailscale.com/api/v2/tailnet/-/audit');

describe('the size of an answer', () => {
  /** JSON of exactly so many bytes. */
  const ofSize = (bytes: number) => `{"auditLogs":["${'x'.repeat(bytes - '{"auditLogs":[""]}'.length)}"]}`;

  it('may be 16 MiB', async () => {
    const server = await start(text(200, ofSize(16 * MIB)));
    expect((await setUp(server.origin).read(AUDIT))[0]?.records).toHaveLength(1);
  });

  it.each([
    ['announced', 16 * MIB + 1, true],
    ['in chunks', 16 * MIB + 1, false],
    ['33 MiB', 33 * MIB, true],
  ])('is refused over that, %s, and not tried again [case 32]', async (_, bytes, announced) => {
    const server = await start(announced ? text(200, ofSize(bytes)) : (response) => response.end(ofSize(bytes)));
    expect(await failureOf(setUp(server.origin).read(AUDIT))).toMatchObject({ code: 'BODY_TOO_LARGE' });
    expect(server.requests).toHaveLength(1);
  });

  it('counts what a small compressed body unpacks to [case 32]', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MIB, ' '), { level: 1 });
    expect(bomb.byteLength).toBeLessThan(2 * MIB);
    const server = await start(text(200, bomb, { 'content-encoding': 'gzip' }));
    expect(await failureOf(setUp(server.origin).read(AUDIT))).toMatchObject({ code: 'BODY_TOO_LARGE' });
  });

  it('reads compressed answers', async () => {
    const server = await start(text(200, gzipSync('{"auditLogs":["zipped"]}'), { 'content-encoding': 'gzip' }));
    expect((await setUp(server.origin).read(AUDIT))[0]?.records).toEqual(['zipped']);
  });

  it('[case 32] refuses a compressed answer that is cut', async () => {
    const whole = gzipSync(JSON.stringify({ auditLogs: Array.from({ length: 200 }, (_, n) => ({ n, text: String(n * 7919) })) }));
    const server = await start(text(200, whole.subarray(0, whole.length - 200), { 'content-encoding': 'gzip' }));
    expect(['UPSTREAM_INVALID', 'UPSTREAM_UNREACHABLE']).toContain((await failureOf(setUp(server.origin).read(AUDIT))).code);
  });

  it('reads a character that is split between two chunks', async () => {
    const bytes = Buffer.from('{"auditLogs":["🔑é"]}');
    const server = await start((response) => {
      const writeFrom = (at: number): void => {
        if (at === bytes.length) response.end();
        else response.write(bytes.subarray(at, at + 1), () => setImmediate(writeFrom, at + 1));
      };
      writeFrom(0);
    });
    expect((await setUp(server.origin).read(AUDIT))[0]?.records).toEqual(['🔑é']);
  });
});

describe('numbers', () => {
  it.each([
    ['9223372036854775807', '9223372036854775807'],
    ['9007199254740993', '9007199254740993'],
    ['-1234567890123456', '-1234567890123456'],
    ['0.1234567890123456', '0.1234567890123456'],
    ['1e400', '1e400'],
    ['-2.5E-7', '-2.5E-7'],
    ['1e3', '1e3'],
    ['123456789012345', 123_456_789_012_345],
    ['0.5', 0.5],
    ['-0', -0],
  ])('reads %s without losing a digit [case 56]', (written, expected) => {
    expect(parseJson(`{"a":[${written}],"b":${written}}`, url)).toEqual({ a: [expected], b: expected });
  });

  it('are the same whatever stands beside them', () => {
    const number = fc.oneof(
      fc.integer().map(String),
      fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(number, fc.boolean(), (written, compact) => {
        const space = compact ? '' : ' ';
        const alone = parseJson(`[${written}]`, url);
        const beside = parseJson(`[${space}${written}${space},1e9,12345678901234567890]`, url);
        expect(beside).toEqual([...(alone as unknown[]), '1e9', '12345678901234567890']);
      }),
    );
  });

  it('reads any JSON as JSON.parse does, but for such numbers', () => {
    const strict = { depthIdentifier: 'json', noUnicodeString: false } as const;
    fc.assert(
      fc.property(fc.jsonValue(strict), (value) => {
        const plain = JSON.stringify(value, (_, part: unknown) => (typeof part === 'number' ? Math.trunc(part % 1e9) : part));
        expect(parseJson(plain, url)).toEqual(JSON.parse(plain));
        expect(parseJson(`[${plain},1e9]`, url)).toEqual([JSON.parse(plain), '1e9']);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps a duplicate key\'s last value, and `__proto__` as a plain name, beside a long number too [case 58]', () => {
    for (const number of ['1', '12345678901234567890']) {
      const parsed = parseJson(`{"n":${number},"a":1,"a":{"b":2},"__proto__":{"polluted":true}}`, url);
      expect(parsed).toMatchObject({ a: { b: 2 } });
      expect(Object.keys(parsed as object)).toContain('__proto__');
      expect(parsed).not.toHaveProperty('polluted');
    }
  });
});

describe('depth', () => {
  const nested = (depth: number, number: string) => `${'{"a":'.repeat(depth)}${number}${'}'.repeat(depth)}`;

  it.each(['1', '12345678901234567890'])('of 2,000 levels is read (innermost %s) [case 57]', (number) => {
    expect(parseJson(nested(2_000, number), url)).toHaveProperty('a');
  });

  it.each([
    ['5,000 objects', nested(5_000, '1')],
    ['5,000 objects around a long number', nested(5_000, '12345678901234567890')],
    ['200,000 lists', `${'['.repeat(200_000)}1e9`],
  ])('of %s is refused without a crash [case 57]', async (_, body) => {
    const server = await start(text(200, body));
    const failure = await failureOf(setUp(server.origin).read(AUDIT));
    expect(failure.code).toBe('UPSTREAM_INVALID');
    expect(failure.message).toContain('levels deep');
  });

  it('does not count brackets in strings', () => {
    expect(parseJson(JSON.stringify(['[{"\\'.repeat(5_000)]), url)).toEqual(['[{"\\'.repeat(5_000)]);
  });

  it('reads a million elements [case 57]', async () => {
    const server = await start(json(200, { auditLogs: Array.from({ length: 1_000_000 }, () => 1) }));
    expect((await setUp(server.origin).read(AUDIT))[0]?.records).toHaveLength(1_000_000);
  });
});

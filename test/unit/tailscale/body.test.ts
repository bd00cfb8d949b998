import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parseRecord } from '../../../lib/tailscale/answer/record';
import { ValueScanner } from '../../../lib/tailscale/answer/value-scanner';
import { json, readFrom, text } from './scripted-server';
import { AUDIT } from './setting';

const MIB = 1024 * 1024;

/** A record as the reader parses it. */
function parse(record: string): unknown {
  const raw = Buffer.from(record);
  const scanner = new ValueScanner();
  expect(scanner.scan(raw, 0)).toBe(raw.length);
  const parsed = parseRecord(raw, scanner);
  return 'value' in parsed ? parsed.value : parsed;
}

describe('an answer', () => {
  it.each([
    ['announced', true],
    ['in chunks', false],
  ])('of 33 MiB in one record is read to its end, %s [case 32]', async (_, isAnnounced) => {
    const body = `{"auditLogs":["${'x'.repeat(33 * MIB)}",2]}`;
    const { server, pages } = await readFrom(AUDIT, isAnnounced ? text(200, body) : (response) => response.end(body));
    expect(pages[0]?.batches.flat()).toMatchObject([
      { kind: 'oversized', bytes: 33 * MIB + 2 },
      { kind: 'parsed', value: 2 },
    ]);
    expect(server.requests).toHaveLength(1);
  });

  it('that is small compressed and has 64 MiB of spaces unpacked is refused at its end [case 32]', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MIB, ' '), { level: 1 });
    expect(bomb.byteLength).toBeLessThan(2 * MIB);
    const { failure } = await readFrom(AUDIT, text(200, bomb, { 'content-encoding': 'gzip' }));
    expect(failure).toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(failure?.message).toContain('is empty');
  });

  it('reads compressed answers', async () => {
    const zipped = text(200, gzipSync('{"auditLogs":["zipped"]}'), { 'content-encoding': 'gzip' });
    expect((await readFrom(AUDIT, zipped)).records).toEqual(['zipped']);
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
    expect(parse(`{"a":[${written}],"b":${written}}`)).toEqual({ a: [expected], b: expected });
  });

  it('are read the same whatever other numbers the record has', () => {
    const number = fc.oneof(
      fc.integer().map(String),
      fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(number, fc.boolean(), (written, compact) => {
        const space = compact ? '' : ' ';
        const alone = parse(`[${written}]`);
        const beside = parse(`[${space}${written}${space},1e9,12345678901234567890]`);
        expect(beside).toEqual([...(alone as unknown[]), '1e9', '12345678901234567890']);
      }),
    );
  });

  it('reads any JSON as JSON.parse does, but for such numbers', () => {
    const strict = { depthIdentifier: 'json', noUnicodeString: false } as const;
    fc.assert(
      fc.property(fc.jsonValue(strict), (value) => {
        const plain = JSON.stringify(value, (_, part: unknown) =>
          typeof part === 'number' ? Math.trunc(part % 1e9) : part,
        );
        expect(parse(plain)).toEqual(JSON.parse(plain));
        expect(parse(`[${plain},1e9]`)).toEqual([JSON.parse(plain), '1e9']);
      }),
      { numRuns: 40 },
    );
  });

  it("keeps a duplicate key's last value, and `__proto__` as a plain name, also in a record with a long number [case 58]", () => {
    for (const number of ['1', '12345678901234567890']) {
      const parsed = parse(`{"n":${number},"a":1,"a":{"b":2},"__proto__":{"polluted":true}}`);
      expect(parsed).toMatchObject({ a: { b: 2 } });
      expect(Object.keys(parsed as object)).toContain('__proto__');
      expect(parsed).not.toHaveProperty('polluted');
    }
  });
});

describe('depth', () => {
  const nested = (depth: number, number: string) => `${'{"a":'.repeat(depth)}${number}${'}'.repeat(depth)}`;

  it.each(['1', '12345678901234567890'])('of 2,000 levels is read (innermost %s) [case 57]', (number) => {
    expect(parse(nested(2_000, number))).toHaveProperty('a');
  });

  it.each([
    ['5,000 objects', nested(5_000, '1')],
    ['5,000 objects around a long number', nested(5_000, '12345678901234567890')],
    ['200,000 lists', `${'['.repeat(200_000)}1e9${']'.repeat(200_000)}`],
  ])('of %s makes one record unreadable, without a crash [case 57]', async (_, record) => {
    const { pages } = await readFrom(AUDIT, text(200, `{"auditLogs":[1,${record},2]}`));
    expect(pages[0]?.batches.flat()).toMatchObject([
      { value: 1 },
      { kind: 'unreadable', problem: 'it is nested more than 2500 levels deep', bytes: record.length },
      { value: 2 },
    ]);
  });

  it('does not count brackets in strings', () => {
    expect(parse(JSON.stringify(['[{"\\'.repeat(5_000)]))).toEqual(['[{"\\'.repeat(5_000)]);
  });

  it('reads a record of 1 million values, but not one of 1.6 million [case 57]', async () => {
    const many = (length: number) => Array.from({ length }, () => 1);
    const { pages, records } = await readFrom(AUDIT, json(200, { auditLogs: [many(1_000_000), many(1_600_000)] }));
    expect(pages[0]?.batches.flat().map(({ kind }) => kind)).toEqual(['parsed', 'unreadable']);
    expect((records[0] as unknown[]).length).toBe(1_000_000);
  });
});

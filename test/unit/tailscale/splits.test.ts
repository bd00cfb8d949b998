import fc from 'fast-check';
import type { LogRecord } from '../../../lib/domain/record';
import { AnswerReader } from '../../../lib/tailscale/answer/answer-reader';
import { CONFIGURATION_ENVELOPE } from '../../../lib/tailscale/dialects/configuration';
import { readFrom } from './scripted-server';
import { CONFIGURATION } from './setting';

const url = new URL('https://api.tailscale.com/api/v2/tailnet/-/logging/configuration');

/** Escapes, characters of two to four bytes, all kinds of values, bytes that are not UTF-8. */
const BODY = Buffer.concat([
  Buffer.from(
    '\uFEFF \r\n{"version" : "1.1\\"]}", "unknown":{"a":[[{}],"\\\\",null,-1.5e3],"logs":[0]},"\\u0074ailnetId":"é🔑\\u00e9", "x":true,"logs":[ {"a":"[{\\"\\\\","b":[1,{"c":"é🔑"}]} ,',
  ),
  Buffer.from(
    '"text\\\\", -12.5e-3 ,null,true,12345678901234567890,{"n":123456789012345678,"e":[1e5]},[],{},{"a" 1},"\\q",nonsense,"',
  ),
  Buffer.from([0xff, 0xc3]),
  Buffer.from('",{"a":[1}},"ü"\n]\t, "more" : [1 , 2],"logs":null,"logs":["last"]} \n'),
]);

/** Reads a body whose chunks are cut at these positions. */
async function readCut(at: readonly number[]): Promise<{ tailnet: string; records: LogRecord[] }> {
  const ends = [...at, BODY.length].sort((a, b) => a - b);
  const chunks: Uint8Array[] = ends.map((end, index) => new Uint8Array(BODY.subarray(ends[index - 1] ?? 0, end)));
  const reader = new AnswerReader(
    { next: () => Promise.resolve(chunks.shift() ?? null), close: () => Promise.resolve() },
    url,
    CONFIGURATION_ENVELOPE,
  );
  const records: LogRecord[] = [];
  for await (const batch of reader.batches) records.push(...batch);
  return { tailnet: Buffer.from(reader.strings.get('tailnetId')?.raw ?? []).toString(), records };
}

const text = (record: LogRecord | undefined) =>
  record !== undefined && 'raw' in record ? Buffer.from(record.raw).toString() : '';

describe('an answer that is cut into chunks', () => {
  it('is read whole when it comes in one chunk', async () => {
    const { tailnet, records } = await readCut([]);
    expect(tailnet).toBe('"é🔑\\u00e9"');
    expect(
      records.map((record) =>
        record.kind === 'parsed' ? record.value : [record.kind, text(record).replaceAll('\ufffd', '?')],
      ),
    ).toEqual([
      { a: '[{"\\', b: [1, { c: 'é🔑' }] },
      'text\\',
      '-12.5e-3',
      null,
      true,
      '12345678901234567890',
      { n: '123456789012345678', e: ['1e5'] },
      [],
      {},
      ['unreadable', '{"a" 1}'],
      ['unreadable', '"\\q"'],
      ['unreadable', 'nonsense'],
      ['unreadable', '"??"'],
      ['unreadable', '{"a":[1}}'],
      'ü',
      'last',
    ]);
    expect(records.map(({ position }) => position)).toEqual(records.map((_, index) => index));
    expect(records.every((record) => 'raw' in record && record.raw.length === record.bytes)).toBe(true);
  });

  it('gives the same wherever it is cut once', async () => {
    const whole = await readCut([]);
    for (let at = 0; at <= BODY.length; at += 1) expect(await readCut([at])).toEqual(whole);
  });

  it('gives the same wherever it is cut, and byte by byte', async () => {
    const whole = await readCut([]);
    expect(await readCut(Array.from(BODY, (_, at) => at))).toEqual(whole);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: BODY.length })), async (at) => {
        expect(await readCut(at)).toEqual(whole);
      }),
    );
  });

  it('gives the same over a socket', async () => {
    const { records } = await readCut([]);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: BODY.length - 1 }), { maxLength: 40 }),
        async (cuts) => {
          const ends = [...cuts.sort((a, b) => a - b), BODY.length];
          const { pages } = await readFrom(CONFIGURATION, (response) => {
            const write = (index: number): void => {
              if (index === ends.length) response.end();
              else
                response.write(BODY.subarray(ends[index - 1] ?? 0, ends[index]), () => setImmediate(write, index + 1));
            };
            write(0);
          });
          expect(pages[0]?.tailnet).toBe('é🔑é');
          expect(pages[0]?.batches.flat()).toEqual(records);
        },
      ),
      { numRuns: 25 },
    );
  });
});

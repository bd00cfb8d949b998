import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as z from 'zod/mini';
import { parseEventFile, readEventFile } from '../../../local/tailnet/event-file';
import { formatInstant, parseInstant } from '../../../local/tailnet/instant';
import { InvalidInput } from '../../../lib/contract/parse';
import { aTailnet, closeTailnets, get } from './tailnets';

afterEach(closeTailnets);

const NOW = Date.parse('2026-11-22T12:00:00Z');
const MINUTE = 60_000_000_000n;
const RECORDS = join(__dirname, '../../fixtures/records.ndjson');

const dated = z.looseObject({ eventTime: z.string() });

function eventTimes(records: readonly object[]): string[] {
  return records.map((record) => z.parse(dated, record).eventTime);
}

function problemsOf(text: string): readonly string[] {
  try {
    parseEventFile(text, NOW, 'my.ndjson');
  } catch (error) {
    if (error instanceof InvalidInput) return error.problems;
    throw error;
  }
  return [];
}

function nanos(text: string): bigint {
  return parseInstant(text) ?? fail(text);
}

function fail(text: string): never {
  throw new Error(`no time: ${text}`);
}

it('moves records into the last four minutes, in the order of the file, keeping what is behind the second', async () => {
  const lines = (await readFile(RECORDS, 'utf8')).split('\n').filter((line) => line.includes('"eventTime"'));
  const { records, movedInto } = parseEventFile(lines.join('\n'), NOW, 'records');

  const moved = eventTimes(records);
  expect(moved).toHaveLength(14);
  expect(moved).toEqual(moved.toSorted());
  expect(moved.map((time) => time.slice(19))).toEqual(
    lines.map((line) => z.parse(dated, JSON.parse(line)).eventTime.slice(19)),
  );
  expect([movedInto.from, movedInto.until]).toEqual([nanos(moved[0] ?? ''), nanos(moved.at(-1) ?? '')]);
  const now = BigInt(NOW) * 1_000_000n;
  expect(movedInto.from >= now - 4n * MINUTE && movedInto.until < now).toBe(true);
});

it('refuses every line that is no record, by its number', async () => {
  await expect(readEventFile(RECORDS, NOW)).rejects.toMatchObject({
    subject: RECORDS,
    problems: [7, 8, 9].map((line) => `line ${line}: "time" holds no RFC 3339 time`),
  });
});

it('says of each bad line what is wrong with it', () => {
  const lines = [
    '{"eventTime":"2026-07-27T12:00:00Z"',
    '[1]',
    '7',
    'null',
    '{"a":1}',
    '{"eventTime":"yesterday"}',
    '{"eventTime":5}',
    '{"created":"2026"}',
    '{"time":"2026-07-27T12:00:00Z"}',
    '{"eventTime":"0001-01-01T00:00:00Z"}',
  ];
  expect(problemsOf(lines.join('\n'))).toEqual([
    "line 1: not JSON (Quoted object key or end of object '}' expected but reached end of input at position 35)",
    'line 2: not a JSON object',
    'line 3: not a JSON object',
    'line 4: not a JSON object',
    'line 5: no record: has none of eventTime, created, timestamp, time',
    'line 6: "eventTime" holds no RFC 3339 time',
    'line 7: "eventTime" holds no RFC 3339 time',
    'line 8: "created" holds no RFC 3339 time',
    'line 10: "eventTime" holds no RFC 3339 time',
  ]);
});

it.each(['', '\n \r\n'])('refuses a file without any record: %j', (text) => {
  expect(() => parseEventFile(text, NOW, 'empty.ndjson')).toThrow('empty.ndjson: has no record in it');
});

it('skips blank lines, carriage returns and a byte order mark', () => {
  const { records } = parseEventFile(
    '\uFEFF{"eventTime":"2026-07-27T12:00:00Z"}\r\n\r\n  \n{"eventTime":"2026-07-27T12:00:00Z"}\r\n',
    NOW,
    'crlf',
  );
  expect(eventTimes(records)).toEqual(['2026-11-22T11:56:00Z', '2026-11-22T11:58:00Z']);
});

it('moves the other times of a record by the same shift, in their own form', () => {
  const record = {
    eventTime: '2026-07-27T12:10:00.5Z',
    deferredAt: '2026-07-27T14:10:02+02:00',
    logged: '2026-07-27T12:10:03Z',
    actionDetails: '2026-07-27T12:10:04Z',
    old: '0001-01-01T00:00:00Z',
    new: {
      expires: '2026-07-27 12:15:48.688963096 +0000 UTC',
      never: '0001-01-01 00:00:00 +0000 UTC',
      far: '9999-12-31T23:59:59Z',
      soon: '2026-07-27T12:10:01.000000001Z',
      pacific: ['2026-07-27 05:10:01.100 -0700 PDT'],
      notes: ['since 2026-07-27T12:10:00Z', '2026-07-27', null, true],
    },
  };
  expect(parseEventFile(JSON.stringify(record), NOW, 'one').records).toEqual([
    {
      ...record,
      eventTime: '2026-11-22T11:56:00.5Z',
      deferredAt: '2026-11-22T13:56:02+02:00',
      new: {
        ...record.new,
        soon: '2026-11-22T11:56:01.000000001Z',
        expires: '2026-11-22 12:01:48.688963096 +0000 UTC',
        pacific: ['2026-11-22 04:56:01.100 -0700 PDT'],
      },
    },
  ]);
});

it('leaves the zero time of deferredAt alone, and moves the time of an audit record', () => {
  const lines = [
    '{"eventTime":"2022-07-20T20:13:30.136022207Z","deferredAt":"0001-01-01T00:00:00Z"}',
    '{"id":"e1","action":"user:invite","created":"2022-07-20T20:13:30Z"}',
  ];
  expect(parseEventFile(lines.join('\n'), NOW, 'two').records).toEqual([
    { eventTime: '2026-11-22T11:56:00.136022207Z', deferredAt: '0001-01-01T00:00:00Z' },
    { id: 'e1', action: 'user:invite', created: '2026-11-22T11:58:00Z' },
  ]);
});

it('moves times back, too, but none out of the years that have four digits', () => {
  const line = '{"eventTime":"2126-01-01T00:00:00Z","old":"0001-01-02T00:00:00Z","new":"2126-01-01T00:00:01Z"}';
  expect(parseEventFile(line, NOW, 'future').records).toEqual([
    { eventTime: '2026-11-22T11:56:00Z', old: '0001-01-02T00:00:00Z', new: '2026-11-22T11:56:01Z' },
  ]);
});

it('keeps any times in order and apart, however many they are', () => {
  const instant = fc.bigInt({ min: nanos('0001-01-02T00:00:00Z'), max: nanos('9998-12-31T00:00:00Z') });
  const now = BigInt(NOW) * 1_000_000n;
  fc.assert(
    fc.property(fc.array(instant, { minLength: 1, maxLength: 400 }), (instants) => {
      const text = instants
        .map((at) => `{"eventTime":"${formatInstant(at)}","new":"${formatInstant(at + 7n)}"}`)
        .join('\n');
      const { records } = parseEventFile(text, NOW, 'many');
      const times = eventTimes(records).map(nanos);
      expect(
        times.every(
          (time, index) => time < now && time >= now - 4n * MINUTE && (index === 0 || time > (times[index - 1] ?? 0n)),
        ),
      ).toBe(true);
      expect(records.map((record) => nanos(z.parse(z.object({ new: z.string() }), record).new))).toEqual(
        times.map((time) => time + 7n),
      );
    }),
    { numRuns: 30 },
  );
});

it('carries numbers that no double holds from the file to the wire', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'events-'));
  const path = join(folder, 'big.ndjson');
  await writeFile(path, '{"eventTime":"2026-07-27T12:00:00Z","new":{"id":9223372036854775807,"rate":1e400}}\n');
  const { records } = await readEventFile(path, NOW);
  await rm(folder, { recursive: true });
  const tailnet = await aTailnet({ auditShape: 'native' });
  tailnet.add(records);
  const answer = await get(tailnet, '/tailnet/-/audit', { startTime: '2026-11-22T00:00:00Z' });
  expect(await answer.text()).toContain('"new":{"id":9223372036854775807,"rate":1e400}');
});

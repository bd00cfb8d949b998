import { createHash } from 'node:crypto';
import {
  createPageMemory,
  eventsOf,
  identifyLogRecord,
  marksOf,
  workOf,
  type Identified,
} from '../../../lib/pipeline/dedupe';
import { idHalf, type PublishedId } from '../../../lib/domain/published-id';
import type { LogRecord } from '../../../lib/domain/record';
import type { PublishedSet } from '../../../lib/ports/published-ids';

const names = { tailnetKey: 'example.com', idKey: '0'.repeat(64) };

function parsed(value: unknown, position = 0): LogRecord {
  const raw = Buffer.from(JSON.stringify(value));
  return { kind: 'parsed', position, bytes: raw.length, value, raw };
}
const device = (id: string, value: unknown = 1): Identified =>
  identifyLogRecord(
    parsed({
      id,
      action: 'device:update',
      created: '2026-11-22T12:00:00Z',
      target: { id: 'n1', type: 'device' },
      new: value,
    }),
    names,
  );
const policy = (id: string): Identified =>
  identifyLogRecord(
    parsed({
      id,
      action: 'acl:update',
      created: '2026-11-22T12:00:00Z',
      target: { id: 'T1', type: 'acl' },
      old: '{}',
      new: '{ }',
    }),
    names,
  );

const published = (...marks: readonly PublishedId[]): PublishedSet => ({
  status: (mark) =>
    marks.some(({ element }) => element === mark.element)
      ? 'same'
      : marks.some((one) => idHalf(one) === idHalf(mark))
        ? 'revised'
        : 'new',
});
const workAll = (all: readonly Identified[], seen: PublishedSet) => {
  const memory = createPageMemory();
  return all.map((one) => workOf(one, seen, memory, null));
};

it('leaves what is new, in order', () => {
  const [one, other] = [device('a'), device('b')];
  expect(workAll([one, other], published())).toMatchObject([
    { wanted: { audit: true, diff: false }, revised: { audit: false } },
    { wanted: { audit: true } },
  ]);
});

it('[case 23] leaves out what was published, and what stands twice on one page', () => {
  const work = workAll([device('a'), device('b'), device('b')], published(...marksOf(device('a'))));
  expect(work.map((one) => one !== null)).toEqual([false, true, false]);
});

it('[case 25] lets another content of a known id through as a revision', () => {
  expect(workAll([device('a', 2)], published(...marksOf(device('a', 1))))).toMatchObject([
    { revised: { audit: true } },
  ]);
});

it('[case 25] knows a revision on the very same page', () => {
  expect(workAll([device('a', 1), device('a', 2)], published())).toMatchObject([
    { revised: { audit: false } },
    { revised: { audit: true } },
  ]);
});

it('asks only for the half of a policy change that is not out', () => {
  const [audit, diff] = marksOf(policy('p'));
  if (audit === undefined || diff === undefined) throw new Error('a policy change has two events');
  expect(workAll([policy('p')], published())).toMatchObject([{ wanted: { audit: true, diff: true } }]);
  expect(workAll([policy('p')], published(audit))).toMatchObject([{ wanted: { audit: false, diff: true } }]);
  expect(workAll([policy('p')], published(diff))).toMatchObject([{ wanted: { audit: true, diff: false } }]);
  expect(workAll([policy('p')], published(audit, diff))).toEqual([null]);
});

it('proves nothing by an earlier reading of the page: only the marks in the table count', () => {
  const one = device('a');
  expect(workAll([one], published())[0]).not.toBeNull();
  expect(workAll([one], published())[0]).not.toBeNull();
});

describe('a run that publishes again what was published', () => {
  it('takes it once more, but what stands on the edge of two pages once', () => {
    const [one, other] = [device('a'), device('b')];
    const seen = published(...marksOf(one), ...marksOf(other));
    const edge = { force: true, previous: new Set(marksOf(other).map(({ element }) => element)) };
    const memory = createPageMemory();
    expect(workOf(one, seen, memory, edge)).toMatchObject({ revised: { audit: false } });
    expect(workOf(other, seen, memory, edge)).toBeNull();
  });
});

describe('a record whose events cannot be made', () => {
  const raw = Buffer.from('{"id": "a');
  const digest = createHash('sha256').update(raw).digest('hex');

  it('is known by its bytes, wherever it stands', () => {
    const unreadable = (position: number) =>
      identifyLogRecord({ kind: 'unreadable', position, bytes: raw.length, raw, problem: 'it ends early' }, names);
    const oversized = identifyLogRecord(
      { kind: 'oversized', position: 3, bytes: raw.length, digest, file: { path: '/x', sha256: 'x', bytes: 1 } },
      names,
    );
    expect(marksOf(unreadable(1))).toEqual(marksOf(unreadable(2)));
    expect(marksOf(oversized)).toEqual(marksOf(unreadable(1)));
    expect(unreadable(1)).toMatchObject({ kind: 'raw', reason: 'unreadable', content: raw });
    expect(oversized).toMatchObject({ kind: 'raw', reason: 'too-large' });
    expect(workAll([unreadable(1), unreadable(2)], published()).map((one) => one !== null)).toEqual([true, false]);
  });

  it('is named by the same half as its mark, and gives one event', () => {
    const [work] = workAll(
      [identifyLogRecord({ kind: 'unreadable', position: 1, bytes: 1, raw, problem: 'x' }, names)],
      published(),
    );
    expect(work?.kind === 'raw' && work.name === idHalf(work.mark)).toBe(true);
    expect(work == null ? 0 : eventsOf(work)).toBe(1);
  });
});

it('counts the events that are left to make', () => {
  const [audit] = marksOf(policy('p'));
  const count = (seen: PublishedSet) =>
    workAll([policy('p')], seen).map((work) => (work === null ? 0 : eventsOf(work)));
  expect([count(published()), count(published(...(audit === undefined ? [] : [audit])))]).toEqual([[2], [1]]);
});

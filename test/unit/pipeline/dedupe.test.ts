import { createHash } from 'node:crypto';
import {
  createDedupe,
  eventsOf,
  identifyLogRecord,
  publishedIdsOf,
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
  const dedupe = createDedupe({ force: false, remembersPage: false });
  return all.map((one) => dedupe.workOf(one, seen));
};
/** Detail types of the forms to publish; a revision ends in `!`. null: all is published. */
const formsOf = (all: readonly Identified[], seen: PublishedSet) =>
  workAll(all, seen).map((work) => {
    if (work === null || work.kind === 'raw') return work;
    return work.forms.map(({ encoder, isRevision }) => `${encoder.detailType.split(' ')[1]}${isRevision ? '!' : ''}`);
  });

it('leaves what is new, in order', () => {
  expect(formsOf([device('a'), device('b')], published())).toEqual([['Audit'], ['Audit']]);
});

it('[case 23] leaves out what was published, and the second copy on one page', () => {
  const work = workAll([device('a'), device('b'), device('b')], published(...publishedIdsOf(device('a'))));
  expect(work.map((one) => one !== null)).toEqual([false, true, false]);
});

it('[case 25] lets another content of a known id through as a revision', () => {
  expect(formsOf([device('a', 2)], published(...publishedIdsOf(device('a', 1))))).toEqual([['Audit!']]);
});

it('[case 25] knows a revision on the very same page', () => {
  expect(formsOf([device('a', 1), device('a', 2)], published())).toEqual([['Audit'], ['Audit!']]);
});

it('leaves only the unpublished form of a policy change', () => {
  const [audit, diff] = publishedIdsOf(policy('p'));
  if (audit === undefined || diff === undefined) throw new Error('a policy change has two forms');
  expect(formsOf([policy('p')], published())).toEqual([['Audit', 'ACL']]);
  expect(formsOf([policy('p')], published(audit))).toEqual([['ACL']]);
  expect(formsOf([policy('p')], published(diff))).toEqual([['Audit']]);
  expect(formsOf([policy('p')], published(audit, diff))).toEqual([null]);
});

it('trusts only the published ids in the table, not an earlier reading of the page', () => {
  const one = device('a');
  expect(workAll([one], published())[0]).not.toBeNull();
  expect(workAll([one], published())[0]).not.toBeNull();
});

it('publishes again by force, but a record at the edge of two pages once', () => {
  const [one, other] = [device('a'), device('b')];
  const seen = published(...publishedIdsOf(one), ...publishedIdsOf(other));
  const dedupe = createDedupe({ force: true, remembersPage: true });
  expect(dedupe.workOf(other, seen)).not.toBeNull();
  dedupe.startPage();
  expect(dedupe.workOf(one, seen)).toMatchObject({ forms: [{ isRevision: false }] });
  expect(dedupe.workOf(other, seen)).toBeNull();
});

describe('a record whose events cannot be made', () => {
  const raw = Buffer.from('{"id": "a');
  const digest = createHash('sha256').update(raw).digest('hex');

  it('is identified by its bytes, at any position', () => {
    const unreadable = (position: number) =>
      identifyLogRecord({ kind: 'unreadable', position, bytes: raw.length, raw, problem: 'it ends early' }, names);
    const oversized = identifyLogRecord(
      { kind: 'oversized', position: 3, bytes: raw.length, digest, file: { path: '/x', sha256: 'x', bytes: 1 } },
      names,
    );
    expect(publishedIdsOf(unreadable(1))).toEqual(publishedIdsOf(unreadable(2)));
    expect(publishedIdsOf(oversized)).toEqual(publishedIdsOf(unreadable(1)));
    expect(unreadable(1)).toMatchObject({ kind: 'raw', reason: 'unreadable', content: raw });
    expect(oversized).toMatchObject({ kind: 'raw', reason: 'too-large' });
    expect(workAll([unreadable(1), unreadable(2)], published()).map((one) => one !== null)).toEqual([true, false]);
  });

  it('is named by the half of its published id, and gives one event', () => {
    const [work] = workAll(
      [identifyLogRecord({ kind: 'unreadable', position: 1, bytes: 1, raw, problem: 'x' }, names)],
      published(),
    );
    expect(work?.kind === 'raw' && work.name === idHalf(work.publishedId)).toBe(true);
    expect(work == null ? 0 : eventsOf(work)).toBe(1);
  });
});

it('counts the events that remain to be made', () => {
  const [audit] = publishedIdsOf(policy('p'));
  const count = (seen: PublishedSet) =>
    workAll([policy('p')], seen).map((work) => (work === null ? 0 : eventsOf(work)));
  expect([count(published()), count(published(...(audit === undefined ? [] : [audit])))]).toEqual([[2], [1]]);
});

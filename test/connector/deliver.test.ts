import { deliver, type DeliverDeps, type MarkedEvent } from '../../lib/connector/deliver';
import type { SeenElement } from '../../lib/connector/ports';
import { createInMemoryBus, createInMemoryEventBus } from '../support/in-memory-bus';
import { directly } from '../support/in-memory-io';

const deadline = { remaining: () => 60_000, untilNear: () => 60_000, isNear: () => false, isOver: () => false };
const events = (count: number): MarkedEvent[] => Array.from({ length: count }, (_, number) => ({ detailType: 'x', time: number, detail: {}, seen: { bucket: 'none', element: `mark ${number}` } }));

/** A bus that never takes the events of these numbers; `marks` has what was marked, in order. */
function stage(refusedNumbers: readonly number[]) {
  const marks: string[] = [];
  const far = createInMemoryEventBus();
  far.refuse = ({ time }) => (refusedNumbers.includes(time) ? 'MalformedDetail' : undefined);
  const bus = createInMemoryBus(far, directly);
  const markSeen = (elements: readonly SeenElement[]) => {
    marks.push(...elements.map(({ element }) => element));
    return Promise.resolve();
  };
  return { marks, deps: { publish: (...batch) => bus.publish(...batch), tenure: { markSeen }, deadline } satisfies Omit<DeliverDeps<MarkedEvent>, 'setAside'> };
}

it('marks what the bus took although what it refused cannot be set aside, so that the next tick does not repeat it', async () => {
  const { marks, deps } = stage([4]);
  const setAside = () => Promise.reject(new Error('the archive is down'));
  await expect(deliver(events(250), { ...deps, setAside })).rejects.toThrow('the archive is down');
  expect(marks).toHaveLength(199);
  expect(marks).not.toContain('mark 4');
});

it('marks what was refused once it is set aside', async () => {
  const { marks, deps } = stage([4, 5]);
  const kept: string[] = [];
  const setAside = ({ seen }: MarkedEvent, code: string) => {
    expect(marks).not.toContain(seen.element);
    kept.push(`${seen.element} ${code}`);
    return Promise.resolve();
  };
  await expect(deliver(events(10), { ...deps, setAside })).resolves.toMatchObject({ unsent: [] });
  expect(kept).toEqual(['mark 4 MalformedDetail', 'mark 5 MalformedDetail']);
  expect(marks.toSorted()).toEqual(events(10).map(({ seen }) => seen.element));
});

import { prefetch } from '../../lib/connector/prefetch';

const never = { remaining: () => 60_000, untilNear: () => 60_000, isNear: () => false, isOver: () => false };

it('has the next item on its way while the caller works on this one', async () => {
  const asked: number[] = [];
  async function* items() {
    for (let item = 1; item <= 3; item += 1) {
      asked.push(item);
      yield await Promise.resolve(item);
    }
  }
  const seen: [item: number, asked: number][] = [];
  for await (const item of prefetch(items(), never)) {
    await new Promise(setImmediate);
    seen.push([item, asked.length]);
  }
  expect(seen).toEqual([[1, 2], [2, 3], [3, 3]]);
});

it('fetches nothing ahead when the deadline is near', async () => {
  let asked = 0;
  async function* items() {
    for (;;) yield await Promise.resolve((asked += 1));
  }
  for await (const item of prefetch(items(), { ...never, untilNear: () => 0, isNear: () => true, isOver: () => false })) {
    await new Promise(setImmediate);
    expect(asked).toBe(item);
    if (item === 3) break;
  }
});

it('hands a failure to the caller once it asks, not before', async () => {
  async function* items() {
    yield await Promise.resolve(1);
    throw new Error('page 2');
  }
  const seen: number[] = [];
  const read = async () => {
    for await (const item of prefetch(items(), never)) {
      await new Promise(setImmediate);
      seen.push(item);
    }
  };
  await expect(read()).rejects.toThrow('page 2');
  expect(seen).toEqual([1]);
});

it('leaves nothing pending when the caller stops', async () => {
  let open = 0;
  async function* items() {
    try {
      for (let item = 1; ; item += 1) {
        open += 1;
        await new Promise(setImmediate);
        open -= 1;
        yield item;
      }
    } finally {
      open -= 100;
    }
  }
  for await (const item of prefetch(items(), never)) if (item === 2) break;
  expect(open).toBe(-100);
});

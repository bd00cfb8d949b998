import { dropSeen } from '../../lib/connector/drop-seen';
import type { SeenSet } from '../../lib/connector/ports';

const event = (id: string, content: string) => ({
  detailType: 'x',
  time: 0,
  detail: { id, content, revision: false },
  seen: { bucket: '2026112212', element: id.repeat(16) + content.repeat(16) },
});
const published = (...elements: string[]): SeenSet => ({
  status: ({ element }) => {
    if (elements.includes(element)) return 'same';
    return elements.some((one) => one.slice(0, 16) === element.slice(0, 16)) ? 'revised' : 'new';
  },
});

it('keeps what is new, in order', () => {
  const events = [event('a', '1'), event('b', '1')];
  expect(dropSeen(events, published())).toEqual(events);
});

it('[case 23] drops what was published, and what stands twice on one page', () => {
  expect(dropSeen([event('a', '1'), event('b', '1'), event('b', '1')], published('a'.repeat(16) + '1'.repeat(16)))).toEqual([event('b', '1')]);
});

it('[case 25] lets another content of a known id through as a revision', () => {
  const [revised] = dropSeen([event('a', '2')], published('a'.repeat(16) + '1'.repeat(16)));
  expect(revised?.detail).toEqual({ id: 'a', content: '2', revision: true });
});

it('[case 25] knows a revision on the very same page', () => {
  expect(dropSeen([event('a', '1'), event('a', '2')], published()).map(({ detail }) => detail.revision)).toEqual([false, true]);
});

import type { Family } from './growth';

type Content = (size: number) => Readonly<Record<string, unknown>>;

const RECORD = {
  eventTime: '2026-11-22T09:58:00.123456789Z',
  type: 'CONFIG',
  eventGroupID: 'g',
  origin: 'ADMIN_CONSOLE',
  actor: { id: 'u1', type: 'USER', loginName: 'alice@example.com' },
  target: { id: 'n1', type: 'NODE', property: 'X' },
  action: 'UPDATE',
};

function record(name: string, content: Content): Family<unknown> {
  return { name, make: (size) => ({ ...RECORD, ...content(size) }) };
}

function list<Item>(count: number, item: (at: number) => Item): Item[] {
  return Array.from({ length: Math.ceil(count) }, (_, at) => item(at));
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** Records that are large in one thing: what redaction, canonical JSON, hashes, titles and cutting to size see. */
export const RECORD_FAMILIES: readonly Family<unknown>[] = [
  record('a long text', (size) => ({ new: 'x'.repeat(size) })),
  record('a long text in each field', (size) => ({
    old: 'x'.repeat(size / 4),
    new: 'y'.repeat(size / 4),
    error: 'z'.repeat(size / 4),
    brandNew: 'z'.repeat(size / 4),
  })),
  record('long names of actor and target', (size) => ({
    actor: { id: 'x'.repeat(size / 4), loginName: ' '.repeat(size / 4), displayName: '\u202e'.repeat(size / 4) },
    target: { id: 'x', name: '\n'.repeat(size / 4), type: 'NODE' },
  })),
  record('a long action', (size) => ({ action: 'A'.repeat(size) })),
  record('a long time', (size) => ({ eventTime: `2026-11-22T09:58:00.${'1'.repeat(size)}Z` })),
  record('half surrogate pairs', (size) => ({ new: '\ud800'.repeat(size) })),
  record('a list of numbers', (size) => ({ new: list(size / 6, (at) => at) })),
  record('a list of texts', (size) => ({ new: list(size / 10, (at) => `text ${at}`) })),
  record('a list of secrets', (size) => ({ new: list(size / 20, (at) => ({ token: `a${at}` })) })),
  record('a list of names with values', (size) => ({
    new: list(size / 40, (at) => ({ name: 'DB_PASSWORD', value: `a${at}` })),
  })),
  record('many fields', (size) => ({ new: Object.fromEntries(list(size / 14, (at) => [`field${at}`, at])) })),
  record('many unknown fields', (size) => Object.fromEntries(list(size / 14, (at) => [`field${at}`, at]))),
  record('many fields with the name of a key', (size) => ({
    new: Object.fromEntries(list(size / 30, (at) => [`tskey-auth-k1-a${at}`, at])),
  })),
  record('fields with long names', (size) => ({
    new: Object.fromEntries(list(10, (at) => [`${at}${'x'.repeat(size / 10)}`, { token: 'a' }])),
  })),
  record('one deep field', (size) => ({ new: nested(size / 4) })),
  record('many deep fields', (size) => ({ new: list(size / 2_000, () => nested(500)) })),
  record('objects within objects, with a secret each', (size) => {
    let value: unknown = {};
    for (let level = 0; level < size / 30; level += 1) value = { token: 'abc', inner: value };
    return { new: value };
  }),
  record('a JSON text within a JSON text', (size) => ({
    new: JSON.stringify({ a: JSON.stringify({ b: JSON.stringify({ c: 'token=a '.repeat(size / 8) }) }) }),
  })),
  record('tags of the actor', (size) => ({ actor: { id: 'u1', tags: list(size / 10, (at) => `tag:t${at}`) } })),
];

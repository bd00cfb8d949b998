import { auditOf, CONFIGURATION_RECORD, diffOf, events } from './samples';

function nest(depth: number): unknown {
  return JSON.parse(`${'{"a":['.repeat(depth / 2)}${']}'.repeat(depth / 2)}`);
}

function levels(value: unknown): number {
  return typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(levels)) : 0;
}

describe('[case 57] a deeply nested record', () => {
  it.each([2000, 50_000])('of %i levels is published with the deep field as its JSON text', (depth) => {
    const event = auditOf({ ...CONFIGURATION_RECORD, old: { shallow: 1 }, new: nest(depth) }, { maxDetailBytes: 1e6 });
    expect(event.change.new).toBe(`${'{"a":['.repeat(depth / 2)}${']}'.repeat(depth / 2)}`);
    expect(event.change.old).toEqual({ shallow: 1 });
  });

  it.each([
    ['an unknown field', { brandNew: nest(2000) }],
    ['the target', { target: nest(2000) }],
    ['the actor', { actor: { id: nest(2000) } }],
    ['the details', { actionDetails: nest(2000) }],
    ['both sides of a policy', { old: nest(3000), new: nest(2000) }],
  ])('with the depth in %s is published within the limit of EventBridge', (_, change) => {
    for (const { detail } of events({ ...CONFIGURATION_RECORD, ...change }))
      expect(levels(detail)).toBeLessThanOrEqual(900);
  });

  it('keeps a field at the limit', () => {
    const event = auditOf({ ...CONFIGURATION_RECORD, new: nest(880) });
    expect(event.change.new).toEqual(nest(880));
    expect(levels(event)).toBeLessThanOrEqual(900);
  });

  it('of an unknown form is its JSON text', () => {
    expect(auditOf(nest(2000))).toMatchObject({ unparsed: true });
    expect(typeof auditOf([nest(2000)]).raw).toBe('string');
  });
});

describe('[case 57] a large record', () => {
  it.each([
    ['a list of a million', { target: {}, new: Array.from({ length: 1e6 }, (_, at) => at) }],
    ['a text of 10 MB', { new: 'x'.repeat(1e7) }],
    ['a text of 10 MB in the policy, one line', { old: 'x'.repeat(1e7), new: 'y'.repeat(1e7) }],
    ['twenty thousand unknown fields', Object.fromEntries(Array.from({ length: 2e4 }, (_, at) => [`field${at}`, at]))],
    ['twenty thousand secrets', { new: Array.from({ length: 2e4 }, () => ({ token: 'abc' })) }],
    ['a name of a megabyte', { ['x'.repeat(1e6)]: 1, target: { ['y'.repeat(1e6)]: 1 } }],
  ])('with %s is published within the size limit', (_, change) => {
    for (const { detail } of events({ ...CONFIGURATION_RECORD, ...change }))
      expect(Buffer.byteLength(JSON.stringify(detail))).toBeLessThanOrEqual(240 * 1024);
  });
});

describe('[case 58] a record with hostile names and texts', () => {
  it('changes no prototype, and publishes __proto__ like any other field', () => {
    const record: unknown = JSON.parse(
      '{"eventTime":"2026-11-22T09:58:00Z","eventGroupID":"g","action":"CREATE","__proto__":{"polluted":1},"new":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}},"target":{"__proto__":{"type":"NODE"}},"actor":{"constructor":1}}',
    );
    const event = auditOf(record);
    expect(JSON.stringify(event.change.new)).toBe(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    );
    expect(JSON.stringify(event.raw)).toContain('"__proto__":{"polluted":1}');
    expect(event.target.type).toBeNull();
    expect(event.schemaDrift).toEqual(expect.arrayContaining(['__proto__', 'target.__proto__', 'actor.constructor']));
    expect('polluted' in {}).toBe(false);
  });

  it('reads no field from Object.prototype', () => {
    expect(auditOf(JSON.parse('{"__proto__":{"action":"acl:update","eventTime":"x"}}')).unparsed).toBe(true);
  });

  it('publishes NUL, ANSI and line ends unchanged, but not in title and description', () => {
    const name = 'a\u0000b\u001b[31m\r\nc';
    const event = auditOf({
      ...CONFIGURATION_RECORD,
      target: { ...CONFIGURATION_RECORD.target, name },
      action: 'UP\nDATE',
    });
    expect(event.target.name).toBe(name);
    expect(event.title + event.description).not.toMatch(/\p{Cc}/u);
  });

  it('replaces half a surrogate pair by U+FFFD, and gives two such records different ids', () => {
    const one = auditOf({ ...CONFIGURATION_RECORD, new: 'x\ud800' });
    const two = auditOf({ ...CONFIGURATION_RECORD, new: 'x\udc00' });
    expect([one.change.new, two.change.new]).toEqual(['x\ufffd', 'x\ufffd']);
    expect(one.id).not.toBe(two.id);
    expect(diffOf({ ...CONFIGURATION_RECORD, new: 'x\ud800' })?.diff?.unified).toContain('+x\ufffd');
  });
});

describe('[case 56] numbers at their limits', () => {
  it.each([2 ** 63, 1e308, -0, 5e-324, Number.MAX_SAFE_INTEGER])('%p is published unchanged', (value) => {
    expect(JSON.stringify(auditOf({ ...CONFIGURATION_RECORD, new: value }).change.new)).toBe(JSON.stringify(value));
  });
});

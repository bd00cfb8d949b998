import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { contentHashOf, identifyBytes, identityOf, publishedIdOf } from '../../../../lib/events/identity/event-id';
import { canonicalJson } from '../../../../lib/domain/json';
import { AUDIT_RECORD, auditOf, CONFIGURATION_RECORD, diffOf, events, NAMES } from '../samples';

const configuration = (record: object) => ({
  ...identityOf(record, 'configuration', NAMES),
  contentHash: contentHashOf(record, 'configuration'),
});
const audit = (record: object) => ({
  ...identityOf(record, 'audit', NAMES),
  contentHash: contentHashOf(record, 'audit'),
});
const target = CONFIGURATION_RECORD.target;

/** The same value with the keys of every object in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, inner]) => [name, reversed(inner)]),
  );
}

describe('a configuration record', () => {
  it('has an id and a content hash of 64 lower-case hex digits', () => {
    const { id, contentHash } = configuration(CONFIGURATION_RECORD);
    expect(id).toMatch(/^w1:[0-9a-f]{64}$/);
    expect(contentHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('keeps the id of every version of this connector: a keyed hash over length-prefixed canonical JSON of the pinned fields', () => {
    const prefixed = (fields: readonly unknown[]) => {
      const texts = fields.map((value) => JSON.stringify(value ?? null));
      return texts.map((text) => `${Buffer.byteLength(text)}:${text}`).join('');
    };
    const keyed = (fields: readonly unknown[]) =>
      createHmac('sha256', NAMES.idKey).update(prefixed(fields)).digest('hex');
    const { eventGroupID, eventTime, action, type, origin, actor, old, new: next } = CONFIGURATION_RECORD;
    const fields = [
      eventGroupID,
      eventTime,
      action,
      target.id,
      target.type,
      target.property,
      type,
      origin,
      actor.id,
      actor.type,
      actor.loginName,
      target.name,
      old,
      next,
      undefined,
      undefined,
    ];
    const revision = keyed(fields);
    expect(configuration(CONFIGURATION_RECORD)).toEqual({
      id: `w1:${keyed(['example.com', 'configuration', revision])}`,
      revision,
      contentHash: createHash('sha256').update(prefixed(fields)).digest('hex'),
    });
  });

  it('has another id under another key, and the same content', () => {
    const other = identityOf(CONFIGURATION_RECORD, 'configuration', { ...NAMES, idKey: '1'.repeat(64) });
    expect(other.id).not.toBe(configuration(CONFIGURATION_RECORD).id);
  });

  it('[case 20] has the same id with its keys in another order', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (old, next) => {
        const record = { ...CONFIGURATION_RECORD, old, new: next };
        expect(configuration(reversed(record) as object)).toEqual(configuration(record));
      }),
    );
  });

  it('[case 23] has the same id as an identical record', () => {
    expect(configuration({ ...CONFIGURATION_RECORD })).toEqual(configuration(CONFIGURATION_RECORD));
  });

  it.each([
    ['[case 21] property', { target: { ...target, property: 'DNS_CONFIG' } }],
    ['[case 22] new value', { new: 'other' }],
    ['old value', { old: 'other' }],
    ['time by one nanosecond', { eventTime: '2026-11-22T09:58:00.123456790Z' }],
    ['group', { eventGroupID: 'other' }],
    ['action', { action: 'DELETE' }],
    ['target id', { target: { ...target, id: 'other' } }],
    ['target type', { target: { ...target, type: 'NODE' } }],
    ['target name', { target: { ...target, name: 'other' } }],
    ['actor', { actor: { ...CONFIGURATION_RECORD.actor, id: 'other' } }],
    ['login name', { actor: { ...CONFIGURATION_RECORD.actor, loginName: 'other' } }],
    ['actor that is a lone name', { actor: 'other' }],
    ['origin', { origin: 'NODE' }],
    ['details', { actionDetails: 'x' }],
    ['error', { error: 'x' }],
  ])('has another id with another %s', (_, change) => {
    const before = configuration(CONFIGURATION_RECORD);
    const after = configuration({ ...CONFIGURATION_RECORD, ...change });
    expect(after.id).not.toBe(before.id);
    expect(after.contentHash).not.toBe(before.contentHash);
  });

  it('has another id in another tailnet, with the same content', () => {
    const other = identityOf(CONFIGURATION_RECORD, 'configuration', { ...NAMES, tailnetKey: 'other.example' });
    expect(other.id).not.toBe(configuration(CONFIGURATION_RECORD).id);
    expect(other.revision).toBe(configuration(CONFIGURATION_RECORD).revision);
  });

  it('[case 25] changes neither id nor content when Tailscale adds a field', () => {
    fc.assert(
      fc.property(
        fc
          .string()
          .filter((name) => !(name in CONFIGURATION_RECORD) && !['error', 'actionDetails', '__proto__'].includes(name)),
        fc.jsonValue(),
        (name, value) => {
          expect(
            configuration({
              ...CONFIGURATION_RECORD,
              [name]: value,
              logged: '2026',
              target: { ...target, isEphemeral: true },
            }),
          ).toEqual(configuration(CONFIGURATION_RECORD));
        },
      ),
    );
  });

  it('takes a field that is absent and one that is null for the same, and "" for another', () => {
    const { old, ...without } = CONFIGURATION_RECORD;
    expect(old).not.toBe('');
    const ids = [
      without,
      { ...without, old: null },
      { ...without, old: '' },
      { ...without, old: [] },
      { ...without, old: 'null' },
    ].map((record) => configuration(record).id);
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(4);
  });

  it('does not mistake two fields for each other', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        fc.pre(canonicalJson(a) !== canonicalJson(b));
        const one = configuration({ ...CONFIGURATION_RECORD, old: a, new: b });
        const other = configuration({ ...CONFIGURATION_RECORD, old: b, new: a });
        expect(one.id).not.toBe(other.id);
      }),
    );
  });
});

describe('an audit record', () => {
  it('has an id made from the id of Tailscale', () => {
    const edited = { ...AUDIT_RECORD, target: { ...AUDIT_RECORD.target, name: 'renamed' } };
    expect(audit(edited).id).toBe(audit(AUDIT_RECORD).id);
    expect(audit({ ...AUDIT_RECORD, id: 'evt-2' }).id).not.toBe(audit(AUDIT_RECORD).id);
    expect(audit(AUDIT_RECORD).id).toMatch(/^a1:[0-9a-f]{64}$/);
  });

  it('[case 25] has another content when it was edited, but not when Tailscale adds a field', () => {
    const edited = { ...AUDIT_RECORD, new: { name: 'x' } };
    expect(audit(edited).contentHash).not.toBe(audit(AUDIT_RECORD).contentHash);
    expect(audit({ ...AUDIT_RECORD, brandNew: 1, actor: { ...AUDIT_RECORD.actor, brandNew: 1 } })).toEqual(
      audit(AUDIT_RECORD),
    );
  });

  it('reads the other spellings of a field as the same', () => {
    const { id, actor, target: node, created, actorIp, ...rest } = AUDIT_RECORD;
    expect(audit({ ...rest, eventId: id, user: actor, node, timestamp: created, ip: actorIp })).toEqual(
      audit(AUDIT_RECORD),
    );
  });

  it.each([{ id: null }, { id: '' }, { id: {} }])('is distinguished by its content when its id is %j', (noId) => {
    const one = audit({ ...AUDIT_RECORD, ...noId });
    expect(one.id).not.toBe(audit({ ...AUDIT_RECORD, ...noId, action: 'device:delete' }).id);
    expect(one).toEqual(audit({ ...AUDIT_RECORD, ...noId, brandNew: true }));
  });
});

describe('what an event shows of its identity', () => {
  const guess = 'correct-horse-battery';
  const secretOf = (value: string) => ({
    ...CONFIGURATION_RECORD,
    target: { ...target, property: 'LOGSTREAM' },
    new: { token: value },
  });

  it('confirms no guess of a redacted value', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 8 }).filter((text) => /^[\w-]+$/.test(text) && !text.startsWith('REDACTED')),
        (other) => {
          const [one, two] = [auditOf(secretOf(guess)), auditOf(secretOf(other))];
          expect(two.contentHash).toBe(one.contentHash);
          expect(JSON.stringify(one)).not.toContain(guess);
        },
      ),
    );
    expect(diffOf({ ...CONFIGURATION_RECORD, new: `// password: ${guess}` })?.diff?.new).toEqual(
      diffOf({ ...CONFIGURATION_RECORD, new: '// password: another-secret-value' })?.diff?.new,
    );
  });

  it('still gives two records that differ in a redacted value alone two ids', () => {
    expect(auditOf(secretOf(guess)).id).not.toBe(auditOf(secretOf('another-secret-value')).id);
  });
});

it('names a record by its bytes when nothing else is known of it', () => {
  const one = identifyBytes('a'.repeat(64), NAMES);
  expect(one.id).toMatch(/^a1:[0-9a-f]{64}$/);
  expect(one.publishedId.bucket).toBe('none');
  expect(identifyBytes('b'.repeat(64), NAMES).id).not.toBe(one.id);
});

describe('the mark of a published event', () => {
  it("is eight bytes of the id's hash and eight of the content's, under the hour of the event", () => {
    const { element, bucket } = publishedIdOf('w1:00', 'f'.repeat(64), Date.parse('2026-11-22T09:58:00Z'));
    expect(element).toBe(createHash('sha256').update('w1:00').digest('hex').slice(0, 16) + 'f'.repeat(16));
    expect(bucket).toBe('2026112209');
  });

  it('of an edited record has the same first half and another second', () => {
    const [before] = events(AUDIT_RECORD);
    const [after] = events({ ...AUDIT_RECORD, new: 'x' });
    expect(after?.publishedId.element.slice(0, 16)).toBe(before?.publishedId.element.slice(0, 16));
    expect(after?.publishedId.element.slice(16)).not.toBe(before?.publishedId.element.slice(16));
  });

  it("of a policy diff is not its audit event's", () => {
    const [one, two] = events(CONFIGURATION_RECORD);
    expect(one?.publishedId.element.slice(0, 16)).not.toBe(two?.publishedId.element.slice(0, 16));
    expect(two?.publishedId.bucket).toBe('2026112209');
    expect(diffOf(CONFIGURATION_RECORD)?.id).toBe(`d1:${configuration(CONFIGURATION_RECORD).id.slice(3)}`);
  });
});

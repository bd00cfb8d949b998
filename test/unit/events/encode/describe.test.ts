import fc from 'fast-check';
import { describe as describeEvent, MAX_DESCRIPTION, oneLine } from '../../../../lib/events/encode/describe';

const actor = { id: 'u1', type: 'USER', loginName: 'alice@example.com', displayName: 'Alice', tags: [], ip: null };
const target = { id: 'T1', name: 'example.com', type: 'TAILNET', property: 'ACL' };

it('says who did what to what', () => {
  expect(describeEvent('Policy file changed', { actor, target, error: null })).toBe(
    'alice@example.com: Policy file changed (example.com)',
  );
});

it('says why a change failed', () => {
  expect(describeEvent('Policy file changed', { actor, target, error: 'no permission' })).toBe(
    'alice@example.com: Policy file changed (example.com) failed: no permission',
  );
});

it('falls back from login name to display name to id to "Someone"', () => {
  const names = [
    { loginName: '' },
    { loginName: null, displayName: '  ' },
    { loginName: null, displayName: null, id: null },
  ];
  expect(
    names.map((change) =>
      describeEvent('X', { actor: { ...actor, ...change }, target: { ...target, name: '', id: null }, error: null }),
    ),
  ).toEqual(['Alice: X', 'u1: X', 'Someone: X']);
});

it('[case 58] is one line, whatever a name contains', () => {
  const name = 'a\r\nb\u0000c\u001b[31md\u2028e\u202ef\u200bg\u0085h';
  expect(describeEvent('X', { actor: { ...actor, loginName: name }, target, error: null })).toBe(
    'a b c [31md e f g h: X (example.com)',
  );
});

it('is bounded, and never ends in half a surrogate pair', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 50 }),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 40 }),
      (text, max, times) => {
        const line = oneLine(text.repeat(times), max);
        expect(line.length).toBeLessThanOrEqual(max);
        expect(line).not.toMatch(/\p{Surrogate}/u);
        expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      },
    ),
  );
  const long = 'x'.repeat(1e6);
  expect(describeEvent(long, { actor: { ...actor, loginName: long }, target, error: long }).length).toBeLessThanOrEqual(
    MAX_DESCRIPTION,
  );
});

import { parseExpectedActivity } from '../../../lib/contract/expected-activity';
import { expectedBy } from '../../../lib/events/expected-activity';
import { AUDIT_RECORD, auditOf, CONFIGURATION_RECORD } from './samples';

const event = auditOf(AUDIT_RECORD);
const matched = (rule: object, change: object = {}) =>
  expectedBy({ ...event, ...change }, parseExpectedActivity([{ rule: 'r', reason: 'because', ...rule }])) !== null;

it('returns the first rule that matches, with its reason', () => {
  const rules = parseExpectedActivity([
    { rule: 'rotation', reason: 'weekly', action: 'auth_key:*' },
    { rule: 'onboarding', reason: 'new laptops', action: 'device:approve', actor: 'alice@example.com' },
    { rule: 'alice', reason: 'any of hers', actor: 'alice@*' },
  ]);
  expect(expectedBy(event, rules)).toEqual({ rule: 'onboarding', reason: 'new laptops' });
  expect(expectedBy({ ...event, action: 'acl:update' }, rules)).toEqual({ rule: 'alice', reason: 'any of hers' });
  expect(
    expectedBy({ ...event, actor: { ...event.actor, loginName: 'mallory@example.com', id: null } }, rules),
  ).toBeNull();
});

it.each([
  ['the action', { action: 'device:approve' }, { action: 'device:approved' }],
  ['the start of an action', { action: 'device:*' }, { action: 'routes:*' }],
  ['the actor by login name', { actor: 'alice@example.com' }, { actor: 'alice' }],
  ['the actor by id', { actor: 'uAliceSampleCNTRL' }, { actor: 'uAliceSample' }],
  ['the target by id', { target: 'n1CNTRL' }, { target: 'n1' }],
  ['the action and the actor', { action: 'device:*', actor: 'alice*' }, { action: 'device:*', actor: 'bob*' }],
])('matches %s', (_, hit, miss) => {
  expect([matched(hit), matched(miss)]).toEqual([true, false]);
});

describe('a value that the subject of an event chooses', () => {
  const MALLORY = { id: 'uMallory1CNTRL', type: 'USER', loginName: 'mallory@example.com' };

  it.each<[what: string, rule: object, record: object]>([
    [
      "a display name equal to another user's login name",
      { actor: 'ci@example.com' },
      { ...CONFIGURATION_RECORD, actor: { ...MALLORY, displayName: 'ci@example.com' } },
    ],
    [
      "a display name equal to another actor's id",
      { actor: 'uRobot11CNTRL' },
      { ...CONFIGURATION_RECORD, actor: { ...MALLORY, displayName: 'uRobot11CNTRL' } },
    ],
    [
      'the display name of every OAuth client',
      { actor: 'OAuth client' },
      {
        ...CONFIGURATION_RECORD,
        actor: { id: 'kOther11CNTRL', type: 'OAUTH_CLIENT', loginName: '', displayName: 'OAuth client' },
      },
    ],
    [
      'the name of a device',
      { target: 'build-1.example.ts.net' },
      { ...CONFIGURATION_RECORD, target: { id: 'n2CNTRL', type: 'NODE', name: 'build-1.example.ts.net' } },
    ],
    [
      'a device with the id of another as its name',
      { target: 'n1CNTRL' },
      { ...CONFIGURATION_RECORD, target: { id: 'n2CNTRL', type: 'NODE', name: 'n1CNTRL' } },
    ],
    ['the name of a tailnet', { target: 'example.com' }, CONFIGURATION_RECORD],
    ['a device of the audit dialect', { target: 'laptop' }, AUDIT_RECORD],
    ['a target that is a single name', { target: 'laptop' }, { ...AUDIT_RECORD, target: 'laptop' }],
    ['an actor that is a single name', { actor: 'ci' }, { ...AUDIT_RECORD, actor: 'ci' }],
    [
      'an actor of the configuration dialect that is a single name',
      { actor: 'ci' },
      { ...CONFIGURATION_RECORD, actor: 'ci' },
    ],
  ])('does not match a rule: %s', (_, rule, one) => {
    expect(matched(rule, auditOf(one))).toBe(false);
  });

  it('does not prevent a match by id', () => {
    expect(matched({ actor: 'uAliceSampleCNTRL', target: 'T1234CNTRL' }, auditOf(CONFIGURATION_RECORD))).toBe(true);
  });
});

it.each([
  ['02:00', '04:00', '2026-11-22T02:00:00Z', true],
  ['02:00', '04:00', '2026-11-22T03:59:59.999Z', true],
  ['02:00', '04:00', '2026-11-22T04:00:00Z', false],
  ['02:00', '04:00', '2026-11-22T01:59:59Z', false],
  ['02:00', '04:00', '2026-11-22T05:30:00+02:00', true],
  ['23:00', '01:00', '2026-11-22T23:30:00Z', true],
  ['23:00', '01:00', '2026-11-22T00:59:00Z', true],
  ['23:00', '01:00', '2026-11-22T12:00:00Z', false],
  ['02:00', '04:00', null, false],
])('between %s and %s, %s: %p', (from, until, occurredAt, expected) => {
  expect(matched({ action: '*', between: { from, until } }, { occurredAt })).toBe(expected);
});

it.each([
  ['2026-11-22T23:59:59.999Z', true],
  ['2026-11-23T00:00:00Z', false],
  [null, false],
])('ends at the start of the day endsOn: %s is %p', (occurredAt, expected) => {
  expect(matched({ action: '*', endsOn: '2026-11-23' }, { occurredAt })).toBe(expected);
});

it('matches a record without a time if the rule requires none', () => {
  expect(matched({ action: '*' }, { occurredAt: null })).toBe(true);
});

it.each([
  ['no reason', { reason: undefined, action: '*' }, 'reason'],
  ['nothing to match', { between: { from: '02:00', until: '04:00' } }, 'must name an action, an actor or a target'],
  ['a star in the middle', { action: 'a*b' }, 'followed by'],
  ['an invalid time of day', { action: '*', between: { from: '24:00', until: '04:00' } }, 'time of day'],
  ['an invalid date', { action: '*', endsOn: '2026-02-30' }, 'date'],
  ['an unknown field', { action: '*', severity: 'info' }, 'severity'],
])('rejects a rule with %s', (_, change, problem) => {
  expect(() => parseExpectedActivity([{ rule: 'r', reason: 'because', ...change }])).toThrow(problem);
});

import { parseExpectedActivity } from '../../lib/contract/expected-activity';
import { expectedBy } from '../../lib/events/expected-activity';
import { AUDIT_RECORD, auditOf } from './samples';

const event = auditOf(AUDIT_RECORD);
const matched = (rule: object, change: object = {}) => expectedBy({ ...event, ...change }, parseExpectedActivity([{ rule: 'r', reason: 'because', ...rule }])) !== null;

it('names the first rule that matches, and its reason', () => {
  const rules = parseExpectedActivity([
    { rule: 'rotation', reason: 'weekly', action: 'auth_key:*' },
    { rule: 'onboarding', reason: 'new laptops', action: 'device:approve', actor: 'alice@example.com' },
    { rule: 'alice', reason: 'any of hers', actor: 'alice@*' },
  ]);
  expect(expectedBy(event, rules)).toEqual({ rule: 'onboarding', reason: 'new laptops' });
  expect(expectedBy({ ...event, action: 'acl:update' }, rules)).toEqual({ rule: 'alice', reason: 'any of hers' });
  expect(expectedBy({ ...event, actor: { ...event.actor, loginName: 'mallory@example.com', id: null } }, rules)).toBeNull();
});

it.each([
  ['the action', { action: 'device:approve' }, { action: 'device:approved' }],
  ['the start of an action', { action: 'device:*' }, { action: 'routes:*' }],
  ['the actor by login name', { actor: 'alice@example.com' }, { actor: 'alice' }],
  ['the actor by id', { actor: 'uZKk3KSfrH11CNTRL' }, { actor: 'uZKk3KSfrH11' }],
  ['the target by name', { target: 'laptop' }, { target: 'Laptop' }],
  ['the target by id', { target: 'n1CNTRL' }, { target: 'n1' }],
  ['the action and the actor', { action: 'device:*', actor: 'alice*' }, { action: 'device:*', actor: 'bob*' }],
])('matches %s', (_, hit, miss) => {
  expect([matched(hit), matched(miss)]).toEqual([true, false]);
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
])('ends on its day: %s is %p', (occurredAt, expected) => {
  expect(matched({ action: '*', endsOn: '2026-11-23' }, { occurredAt })).toBe(expected);
});

it('matches a record without a time where the rule asks for none', () => {
  expect(matched({ action: '*' }, { occurredAt: null })).toBe(true);
});

it.each([
  ['no reason', { reason: undefined, action: '*' }, 'reason'],
  ['nothing to match', { between: { from: '02:00', until: '04:00' } }, 'must name an action, an actor or a target'],
  ['a star in the middle', { action: 'a*b' }, 'at its end'],
  ['a time of day that is none', { action: '*', between: { from: '24:00', until: '04:00' } }, 'time of day'],
  ['a date that is none', { action: '*', endsOn: '2026-02-30' }, 'date'],
  ['a field that is none', { action: '*', severity: 'info' }, 'severity'],
])('refuses a rule with %s', (_, change, problem) => {
  expect(() => parseExpectedActivity([{ rule: 'r', reason: 'because', ...change }])).toThrow(problem);
});

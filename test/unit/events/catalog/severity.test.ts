import { higherSeverity, severityOf } from '../../../../lib/events/catalog/severity';

// catalog.test.ts and test/docs/events-page.test.ts compare the table itself.
it.each([
  ['acl:update', 'high'],
  ['tag:update', 'medium'],
  ['api_key:delete', 'medium'],
  ['made_up:delete', 'medium'],
  ['made_up:remove', 'medium'],
  ['device:create', 'info'],
  ['made_up:thing', 'info'],
  ['delete', 'info'],
  ['thing:deleted', 'info'],
  ['ACL:UPDATE', 'info'],
  [' acl:update', 'info'],
  ['acl:update ', 'info'],
  ['', 'info'],
  ['__proto__', 'info'],
  ['constructor', 'info'],
])('%p is %s: names are compared exactly', (action, severity) => {
  expect(severityOf(action)).toBe(severity);
});

it.each([
  ['info', 'medium', 'medium'],
  ['high', 'medium', 'high'],
  ['info', 'info', 'info'],
] as const)('of %s and %s, the higher is %s', (a, b, higher) => {
  expect(higherSeverity(a, b)).toBe(higher);
});

import { severityOf, higherSeverity } from '../../../../lib/events/catalog/severity';

const HIGH = `acl:update, acl:delete, device:approve, device:delete, device:expire_key, routes:approve, routes:set_advertised,
  auth_key:create, auth_key:delete, user:invite, user:delete, user:role_update, oidc:update, saml:update,
  tailnet:transfer_ownership, tailnet:delete, webhook:create, webhook:update, webhook:delete, settings:update, logging:set_config`;
const MEDIUM = 'device:update, tag:update, posture:create, posture:update, posture:delete';

const names = (list: string) => list.split(',').map((name) => name.trim());

it.each(names(HIGH))('%s is high', (action) => {
  expect(severityOf(action)).toBe('high');
});

it.each(names(MEDIUM))('%s is medium', (action) => {
  expect(severityOf(action)).toBe('medium');
});

it.each(['api_key:delete', 'share:delete', 'routes:remove', 'made_up:delete', 'made_up:remove'])(
  '%s is medium, as anything that deletes or removes',
  (action) => {
    expect(severityOf(action)).toBe('medium');
  },
);

it.each([
  'device:create',
  'user:approve',
  'api_key:create',
  'made_up:thing',
  'delete',
  'thing:deleted',
  'ACL:UPDATE',
  ' acl:update',
  'acl:update ',
  '',
  '__proto__',
  'constructor',
])('%p is info: names are compared exactly', (action) => {
  expect(severityOf(action)).toBe('info');
});

it('ranks high over medium over info', () => {
  expect([higherSeverity('info', 'medium'), higherSeverity('high', 'medium'), higherSeverity('info', 'info')]).toEqual([
    'medium',
    'high',
    'info',
  ]);
});

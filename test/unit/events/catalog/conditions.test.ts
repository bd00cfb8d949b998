import { CATALOG, classify } from '../../../../lib/events/catalog/catalog';
import * as conditions from '../../../../lib/events/catalog/conditions';
import type { Condition, ConditionFacts } from '../../../../lib/events/catalog/conditions';

const nothing: ConditionFacts = {
  old: null,
  new: null,
  actionDetails: null,
  origin: null,
  targetName: null,
  eventMillis: null,
};
const eventMillis = Date.parse('2026-11-22T09:58:00Z');
const own = ['100.64.0.1', 'fd7a:115c:a1e0::1'];

type Facts = Partial<ConditionFacts>;

const EXAMPLES: Readonly<
  Record<keyof typeof conditions, { readonly fires: readonly Facts[]; readonly silent: readonly Facts[] }>
> = {
  mentionsSaml: {
    fires: [{ actionDetails: 'moved to SAML' }, { new: { provider: 'saml' } }, { old: ['x', { SamlUrl: '…' }] }],
    silent: [{}, { new: { provider: 'google' }, actionDetails: 'oidc' }],
  },
  turnsMagicDnsOff: {
    fires: [{ new: { magicDNS: false } }],
    silent: [{ new: { magicDNS: true } }, { new: {} }, { new: false }, { old: { magicDNS: false } }],
  },
  gainsOwner: {
    fires: [
      { old: 'Admin', new: 'Owner' },
      { old: ['Member', 'IT admin'], new: ['Owner'] },
      { new: 'owner' },
      { old: '', new: [' OWNER '] },
    ],
    silent: [
      { old: 'owner', new: 'Owner' },
      { old: 'owner', new: 'member' },
      { old: 'member', new: 'it-admin' },
      { new: 'billing-owner' },
      {},
    ],
  },
  changedByAdmin: {
    fires: [{ origin: 'ADMIN_CONSOLE' }, { origin: 'ADMIN_UI' }, { origin: 'CONFIG_API' }],
    silent: [{ origin: 'NODE' }, { origin: null }, { origin: 'admin_console' }],
  },
  expiresNow: {
    fires: [
      { origin: 'CONFIG_API', eventMillis, new: '2026-11-22T09:58:00.5Z' },
      { origin: 'ADMIN_CONSOLE', eventMillis, new: '2026-11-22T09:59:00Z' },
      { origin: 'ADMIN_CONSOLE', eventMillis, new: '2020-01-01T00:00:00Z' },
    ],
    silent: [
      { origin: 'CONFIG_API', eventMillis, new: '2026-11-22T09:59:00.001Z' },
      { origin: 'CONFIG_API', eventMillis, new: '0001-01-01T00:00:00Z' },
      { origin: 'NODE', eventMillis, new: '2026-11-22T09:58:00Z' },
      { origin: 'CONFIG_API', eventMillis: null, new: '2026-11-22T09:58:00Z' },
      { origin: 'CONFIG_API', eventMillis, new: 'soon' },
      { origin: 'CONFIG_API', eventMillis, new: null },
    ],
  },
  routesUnknown: {
    fires: [{}, { old: [], new: '' }, { old: null, new: [] }, { old: {}, new: {} }],
    silent: [{ old: [], new: [] }],
  },
  addsRoute: {
    fires: [
      { old: own, new: [...own, '10.0.0.0/24'] },
      { old: [], new: ['0.0.0.0/0'] },
      { old: [], new: ['::/0'] },
      { old: [], new: ['100.64.0.0/9'] },
      { old: [], new: ['fd7a:115c:a1e0::/47'] },
      { old: [], new: ['100.128.0.1/32'] },
      { old: [], new: ['…'] },
      { old: [], new: ['100.64.0.1/x'] },
      { old: [], new: [{ prefix: '10.0.0.0/8' }] },
    ],
    silent: [
      { old: [...own, '10.0.0.0/24'], new: own },
      { old: ['100.64.0.1'], new: ['100.64.0.2', 'fd7a:115c:a1e0::2/128'] },
      { old: [], new: ['100.100.0.0/16'] },
      { old: ['…'], new: ['…'] },
    ],
  },
  nodeAddsRoute: {
    fires: [{ origin: 'NODE', old: [], new: ['10.0.0.0/24'] }],
    silent: [
      { origin: 'CONFIG_API', old: [], new: ['10.0.0.0/24'] },
      { origin: 'NODE', old: [], new: own },
    ],
  },
  removesRoute: {
    fires: [{ old: [...own, '10.0.0.0/24'], new: own }],
    silent: [
      { old: own, new: [] },
      { old: [], new: ['10.0.0.0/24'] },
    ],
  },
  addsTag: {
    fires: [
      { old: '', new: ['tag:x'] },
      { old: ['tag:a'], new: ['tag:a', 'tag:b'] },
      { old: ['tag:a'], new: ['tag:b'] },
      { new: 'tag:x' },
    ],
    silent: [
      { old: ['tag:a', 'tag:b'], new: ['tag:b'] },
      { old: ['tag:a'], new: '' },
      { old: ['tag:a', 'tag:b'], new: ['tag:b', 'tag:a'] },
      {},
    ],
  },
  disablesPosture: {
    fires: [{ new: { PostureDisabled: true } }],
    silent: [
      { new: { PostureDisabled: false } },
      { new: { PostureDisabled: 'true' } },
      { old: { PostureDisabled: true } },
    ],
  },
  isAuthKey: {
    fires: [
      { targetName: 'Auth key' },
      { targetName: 'auth key ci' },
      { new: { capabilities: ['ONE_OFF_NODE_AUTH', 'EPHEMERAL'] } },
      { new: { capabilities: ['NODE_AUTH'] } },
      { new: { authTags: ['tag:ci'] } },
      { new: { domainLevel: false } },
    ],
    silent: [
      { targetName: 'API key' },
      { targetName: 'OAuth key' },
      { new: { capabilities: ['CONTROL_API_SCOPE_ALL'] } },
      { new: { authTags: null } },
      { new: null },
      {},
    ],
  },
  isOauthClient: {
    fires: [{ targetName: 'OAuth client' }, { targetName: 'Trust credential' }],
    silent: [{ targetName: 'API key' }, {}],
  },
  isFederatedIdentity: {
    fires: [{ targetName: 'Federated identity' }, { targetName: 'GitHub workload' }],
    silent: [{ targetName: 'OAuth client' }, {}],
  },
};

describe.each(Object.entries(EXAMPLES))('%s', (name, { fires, silent }) => {
  const condition: Condition = conditions[name as keyof typeof conditions];

  it.each(fires)('holds for %j', (facts) => {
    expect(condition({ ...nothing, ...facts })).toBe(true);
  });

  it.each(silent)('does not hold for %j', (facts) => {
    expect(condition({ ...nothing, ...facts })).toBe(false);
  });
});

it('has examples of every condition that the catalog uses', () => {
  const used = new Set(CATALOG.flatMap(({ when }) => when ?? []));
  expect([...used].filter((condition) => !Object.values<Condition>(conditions).includes(condition))).toEqual([]);
});

describe('rows in order', () => {
  const action = (native: string, facts: Facts) => {
    const [target = '', verb = '', property = null] = native.split('.');
    return classify({ target, verb, property }, { ...nothing, ...facts }).action;
  };

  it.each([
    [
      'an expiry moved to now by the console',
      { origin: 'ADMIN_CONSOLE', eventMillis, new: '2026-11-22T09:58:00Z' },
      'device:expire_key',
    ],
    [
      'an expiry moved ahead by the API',
      { origin: 'CONFIG_API', eventMillis, new: '2027-11-22T09:58:00Z' },
      'device:update',
    ],
    [
      'an expiry moved by the node itself',
      { origin: 'NODE', eventMillis, new: '2026-11-22T09:58:00Z' },
      'device:renew_key',
    ],
  ])('%s', (_, facts, expected) => {
    expect(action('NODE.UPDATE.KEY_EXPIRY_TIME', facts)).toBe(expected);
  });

  it.each([
    ['routes that cannot be compared', { old: '', new: ['10.0.0.0/24'] }, 'routes:approve'],
    ['a route added by the node', { origin: 'NODE', old: [], new: ['10.0.0.0/24'] }, 'routes:set_advertised'],
    [
      'a route added by someone else',
      { origin: 'CONFIG_API', old: ['10.0.0.0/24'], new: ['10.1.0.0/24'] },
      'routes:approve',
    ],
    ['a route removed', { old: ['10.0.0.0/24'], new: [] }, 'routes:remove'],
    ['only own addresses changed', { old: own, new: ['100.64.0.9'] }, 'device:update'],
  ])('%s', (_, facts, expected) => {
    expect(action('NODE.UPDATE.ALLOWED_IPS', facts)).toBe(expected);
  });

  it.each([
    ['Auth key', 'auth_key:create'],
    ['OAuth client', 'oauth_client:create'],
    ['Federated identity', 'federated_identity:create'],
    ['Control API key', 'api_key:create'],
  ])('a new %s', (targetName, expected) => {
    expect(action('API_KEY.CREATE', { targetName })).toBe(expected);
  });

  it('distinguishes a new owner from any other change of role', () => {
    expect(action('USER.UPDATE.USER_ROLE', { old: ['Admin'], new: ['Owner'] })).toBe('tailnet:transfer_ownership');
    expect(action('USER.UPDATE.USER_ROLE', { old: ['Owner'], new: ['Admin'] })).toBe('user:role_update');
  });
});

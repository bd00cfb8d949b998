import { CATALOG, classify, classifyAction, nativeName } from '../../../../lib/events/catalog/catalog';
import type { ConditionFacts } from '../../../../lib/events/catalog/conditions';
import { higherSeverity, severityOf } from '../../../../lib/events/catalog/severity';
import { VOCABULARY } from '../samples';

const nothing: ConditionFacts = {
  old: null,
  new: null,
  actionDetails: null,
  origin: null,
  targetName: null,
  eventMillis: null,
};

function tripleOf(native: string) {
  const [target = '', verb = '', property = null] = native.split('.');
  return { target, verb, property };
}

describe('the catalog against the vocabulary', () => {
  it('has its rows in its order, with the severity of both profiles, and a condition where it has one', () => {
    const rows = CATALOG.map(({ native, action, raised, when }) => ({
      native,
      action,
      severity: severityOf(action),
      extended: higherSeverity(severityOf(action), raised ?? 'info'),
      isConditional: when !== undefined,
    }));
    expect(VOCABULARY).toMatchObject(rows);
  });

  it('stores the extended severity only where it differs', () => {
    for (const { native, action, raised } of CATALOG)
      expect([native, raised]).not.toEqual([native, severityOf(action)]);
  });

  it('has at most one row without a condition for each triple', () => {
    const seen = new Set<string>();
    for (const row of CATALOG.filter(({ when }) => when === undefined)) {
      expect(seen).not.toContain(row.native);
      seen.add(row.native);
    }
  });
});

it('knows the change of a role for a whole group', () => {
  expect(classify(tripleOf('GROUP.UPDATE.USER_ROLE'), { ...nothing, old: ['member'], new: ['admin'] })).toEqual({
    action: 'user:role_update',
    title: "Group members' role changed",
    severity: 'high',
    extendedSeverity: 'high',
    known: true,
  });
  expect(classifyAction('user:role_update')).toMatchObject({ title: 'User role changed', severity: 'high' });
});

const LISTED = [...new Set(VOCABULARY.filter(({ isListed }) => isListed).map(({ native }) => native))];

it.each(LISTED)('knows %s, which Tailscale lists', (native) => {
  expect(nativeName(tripleOf(native))).toBe(native);
  expect(classify(tripleOf(native), nothing).known).toBe(true);
});

describe('unknown triples', () => {
  it.each([
    ['TAILNET.UPDATE.DNS_SOMETHING', 'dns:update', 'info', 'high'],
    ['TAILNET.ENABLE.MAGIC_SOMETHING', 'dns:update', 'info', 'high'],
    ['TAILNET.ENABLE.SOMETHING', 'settings:update', 'high', 'high'],
    ['TAILNET.EXPLODE', 'settings:update', 'high', 'high'],
    ['NODE.UPDATE.SOMETHING', 'device:update', 'medium', 'medium'],
    ['NODE.UPDATE', 'device:update', 'medium', 'medium'],
    ['NODE.DELETE.SOMETHING', 'device:delete', 'high', 'high'],
    ['NODE.MOVE', 'device:move', 'info', 'medium'],
    ['API_KEY.ROTATE', 'api_key:rotate', 'info', 'medium'],
    ['WEBHOOK_ENDPOINT.REVOKE', 'webhook:delete', 'high', 'high'],
    ['QUANTUM_LINK.CREATE', 'quantum_link:create', 'info', 'medium'],
    ['QUANTUM LINK.Push-It', 'quantum_link:push_it', 'info', 'medium'],
    ['.CREATE', 'unknown:create', 'info', 'medium'],
  ])('%s is %s, %s, and %s in the extended profile', (native, action, spec, extended) => {
    expect(classify(tripleOf(native), nothing)).toMatchObject({
      action,
      severity: spec,
      extendedSeverity: extended,
      known: false,
    });
  });

  it('make actions of bounded length', () => {
    expect(
      classify({ target: 'X'.repeat(1e6), verb: 'Y'.repeat(1e6), property: null }, nothing).action.length,
    ).toBeLessThan(130);
  });
});

describe('triples with the meaning of another', () => {
  it.each([
    ['AUTH_KEY.DELETE', 'auth_key:delete'],
    ['OAUTH_CLIENT.DELETE', 'oauth_client:delete'],
    ['TAILNET.CREATE.AUTH_PROVIDER', 'oidc:update'],
    ['TAILNET.DELETE.AUTH_PROVIDER', 'oidc:update'],
  ])('%s is %s', (native, action) => {
    expect(classify(tripleOf(native), nothing)).toMatchObject({ action, known: true });
  });

  it('include any change of the identity provider; it is SAML if the record mentions SAML', () => {
    expect(classify(tripleOf('TAILNET.CREATE.AUTH_PROVIDER'), { ...nothing, actionDetails: 'to SAML' }).action).toBe(
      'saml:update',
    );
  });
});

describe('records that name the canonical action', () => {
  it("takes the highest extended severity of the action's rows", () => {
    for (const action of new Set(VOCABULARY.map((row) => row.action))) {
      const highest = VOCABULARY.filter((row) => row.action === action)
        .map(({ extended }) => extended)
        .reduce(higherSeverity);
      expect([action, classifyAction(action)]).toMatchObject([
        action,
        { action, severity: severityOf(action), extendedSeverity: highest, known: true },
      ]);
    }
  });

  it.each([
    ['the title of its rows, if they have the same', 'acl:update', 'Policy file changed'],
    ['the title of the fallback', 'settings:update', 'Tailnet settings changed'],
    ['a title made from its words', 'device:posture_identity_update', 'Device posture identity changed'],
    ['acronyms in capitals', 'pam_settings:update', 'PAM settings changed'],
    ['names in their own spelling', 'oauth_client:delete', 'OAuth client deleted'],
    ['an unknown verb unchanged', 'dns:purge_cache', 'DNS: purge cache'],
  ])('have %s', (_, action, title) => {
    expect(classifyAction(action).title).toBe(title);
  });

  it('may have an unknown action', () => {
    expect(classifyAction('quantum_link:delete')).toEqual({
      action: 'quantum_link:delete',
      title: 'Quantum link deleted',
      severity: 'medium',
      extendedSeverity: 'medium',
      known: false,
    });
    expect(classifyAction('__proto__')).toMatchObject({ action: '__proto__', severity: 'info', known: false });
  });
});

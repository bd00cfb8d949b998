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

  it('reaches every row without a condition from its own triple, unless a row before it needs none either', () => {
    const seen = new Set<string>();
    for (const row of CATALOG.filter(({ when }) => when === undefined)) {
      expect(seen).not.toContain(row.native);
      seen.add(row.native);
    }
  });
});

it('knows a role that is given to a whole group', () => {
  expect(classify(tripleOf('GROUP.UPDATE.USER_ROLE'), { ...nothing, old: ['member'], new: ['admin'] })).toEqual({
    action: 'user:role_update',
    title: 'User: role update',
    severity: 'high',
    extendedSeverity: 'high',
    known: true,
  });
  expect(classifyAction('user:role_update')).toMatchObject({ title: 'Update role for user', severity: 'high' });
});

const LISTED = [...new Set(VOCABULARY.filter(({ isListed }) => isListed).map(({ native }) => native))];

it.each(LISTED)('knows %s, which Tailscale lists', (native) => {
  expect(nativeName(tripleOf(native))).toBe(native);
  expect(classify(tripleOf(native), nothing).known).toBe(true);
});

describe('triples that no row names', () => {
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

  it('never puts more of a foreign name into an action than a name is long', () => {
    expect(
      classify({ target: 'X'.repeat(1e6), verb: 'Y'.repeat(1e6), property: null }, nothing).action.length,
    ).toBeLessThan(130);
  });
});

describe('triples that mean the same as a row', () => {
  it.each([
    ['AUTH_KEY.DELETE', 'auth_key:delete'],
    ['OAUTH_CLIENT.DELETE', 'oauth_client:delete'],
    ['TAILNET.CREATE.AUTH_PROVIDER', 'oidc:update'],
    ['TAILNET.DELETE.AUTH_PROVIDER', 'oidc:update'],
  ])('%s is %s', (native, action) => {
    expect(classify(tripleOf(native), nothing)).toMatchObject({ action, known: true });
  });

  it('calls any change of the identity provider SAML when the record says so', () => {
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

  it("uses Tailscale's label where the rows of the action agree on one", () => {
    expect([
      classifyAction('acl:update').title,
      classifyAction('settings:update').title,
      classifyAction('device:expire_key').title,
    ]).toEqual(['Update policy file for tailnet', 'Settings: update', 'Device: expire key']);
  });

  it('passes on an action that it does not know', () => {
    expect(classifyAction('quantum_link:delete')).toEqual({
      action: 'quantum_link:delete',
      title: 'Quantum link: delete',
      severity: 'medium',
      extendedSeverity: 'medium',
      known: false,
    });
    expect(classifyAction('__proto__')).toMatchObject({ action: '__proto__', severity: 'info', known: false });
  });
});

it('writes acronyms as people do', () => {
  expect([
    classifyAction('oauth_client:delete').title,
    classifyAction('pam_settings:update').title,
    classifyAction('dns:purge').title,
  ]).toEqual(['OAuth client: delete', 'PAM settings: update', 'DNS: purge']);
});

import { CATALOG, classify, classifyAction, FALLBACKS, nativeName } from '../../../../lib/events/catalog/catalog';
import type { ConditionFacts } from '../../../../lib/events/catalog/conditions';
import { higherSeverity, severityOf } from '../../../../lib/events/catalog/severity';
import * as z from 'zod/mini';
import { fixture } from '../samples';

const severity = z.enum(['high', 'medium', 'info']);
const mapping = z
  .array(
    z.object({
      targetType: z.string(),
      targetProperty: z.nullable(z.string()),
      action: z.string(),
      canonicalAction: z.string(),
      specSeverity: z.union([severity, z.literal('per rule')]),
      extendedSeverity: z.union([severity, z.literal('max(spec,medium)')]),
      native: z.nullable(z.string()),
      condition: z.nullable(z.string()),
    }),
  )
  .parse(JSON.parse(fixture('action-mapping.json')));
const openapi = z
  .object({
    components: z.object({
      parameters: z.object({
        event: z.object({ schema: z.object({ items: z.object({ enum: z.array(z.string()) }) }) }),
      }),
    }),
  })
  .parse(JSON.parse(fixture('tailscale-configuration-log.openapi.json')));

const nothing: ConditionFacts = {
  old: null,
  new: null,
  actionDetails: null,
  origin: null,
  targetName: null,
  eventMillis: null,
};

const specific = mapping.filter((row) => row.native !== null);
const general = mapping.filter((row) => row.native === null);

function tripleOf(native: string) {
  const [target = '', verb = '', property = null] = native.split('.');
  return { target, verb, property };
}

/** Rows that the mapping does not have. */
const ADDED = ['GROUP.UPDATE.USER_ROLE'];
const MAPPED = CATALOG.filter(({ native }) => !ADDED.includes(native));

describe('the catalog against the mapping', () => {
  it('has the same rows in the same order', () => {
    expect(MAPPED.map(({ native, action }) => `${native} ${action}`)).toEqual(
      specific.map(({ native, canonicalAction }) => `${native ?? ''} ${canonicalAction}`),
    );
    expect([MAPPED.length, FALLBACKS.length]).toEqual([172, 4]);
    expect(CATALOG).toHaveLength(MAPPED.length + ADDED.length);
  });

  it('has the default severity of each row', () => {
    for (const row of specific)
      expect([row.native, row.canonicalAction, severityOf(row.canonicalAction)]).toEqual([
        row.native,
        row.canonicalAction,
        row.specSeverity,
      ]);
  });

  it('has the extended severity of each row, and stores it only if it differs', () => {
    const stored = MAPPED.map(({ native, action, raised }) => [
      native,
      higherSeverity(severityOf(action), raised ?? 'info'),
      raised !== undefined,
    ]);
    expect(stored).toEqual(
      specific.map((row) => [row.native, row.extendedSeverity, row.extendedSeverity !== row.specSeverity]),
    );
  });

  it('has a condition for exactly the rows with a condition other than "otherwise"', () => {
    const conditional = specific.map((row) => [
      row.native,
      row.condition !== null && !row.condition.startsWith('otherwise'),
    ]);
    expect(MAPPED.map(({ native, when }) => [native, when !== undefined])).toEqual(conditional);
  });

  it('names its triples from their parts', () => {
    for (const row of specific)
      expect(nativeName({ target: row.targetType, verb: row.action, property: row.targetProperty })).toBe(row.native);
  });

  it('has the four general rows', () => {
    expect(FALLBACKS.map(({ native }) => native)).toEqual(
      general.map((row) => `${row.targetType}.${row.action}.${row.targetProperty ?? ''}`),
    );
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

it.each(openapi.components.parameters.event.schema.items.enum)('knows %s, which Tailscale lists', (native) => {
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

describe('records that name their canonical action', () => {
  it("have the highest extended severity of the action's rows", () => {
    for (const action of new Set(specific.map((row) => row.canonicalAction))) {
      const highest = specific
        .filter((row) => row.canonicalAction === action)
        .map((row) => severity.parse(row.extendedSeverity))
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

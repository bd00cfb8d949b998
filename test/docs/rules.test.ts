import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { createEventBridgeBus } from '../../lib/eventbridge/event-bus';
import { createDeadline } from '../../lib/domain/deadline';
import type { BusEvent } from '../../lib/domain/event';
import type { HealthEvent } from '../../lib/contract/health-event';
import { DETAIL_TYPE } from '../../lib/contract/names';
import type { PolicyDiff } from '../../lib/contract/policy-diff-event';
import { parseEventPattern } from '../../local/gateway/event-pattern';
import { LOCAL_CLIENT } from '../../local/gateway/local-client';
import { startGateway, type Gateway } from '../../local/gateway/server';
import { CONFIGURATION_RECORD, diffOf, events, RECEIVED_AT } from '../unit/events/samples';

type DocumentedEvent = BusEvent & { readonly detail: { readonly id: string } };

const BUS = 'tailscale-audit';
const folder = join(__dirname, '../../examples/rules');
const patternOf = (file: string): object => JSON.parse(readFileSync(join(folder, file), 'utf8')) as object;

const OWN_CLIENT = 'kConnector11CNTRL';

/** A configuration record by its triple. */
function record(native: string, fields: object = {}): object {
  const [type, action, property] = native.split('.');
  const target = { id: 'tTarget11CNTRL', name: 'target', type, ...(property === undefined ? {} : { property }) };
  return { ...CONFIGURATION_RECORD, action, target, old: undefined, new: undefined, ...fields };
}

const key = (name: string) => ({ target: { id: 'kKey11CNTRL', name, type: 'API_KEY' } });
const tokenRequestOf = (client: string) =>
  record('OAUTH_ACCESS_TOKEN.CREATE', { actor: { id: client, type: 'OAUTH_CLIENT' } });
const aclUpdate = (old: unknown, next: unknown, fields: object = {}) =>
  record('TAILNET.UPDATE.ACL', { old, new: next, ...fields });

const TEAM = { action: 'accept', src: ['group:dev'], dst: ['tag:web:443'] };
const EVERYTHING = { action: 'accept', src: ['*'], dst: ['*:*'] };
const EVERY_DEVICE = { action: 'accept', src: ['*'], dst: ['tag:web:443'] };
const TESTED = { tests: [{ src: 'a@example.com', accept: ['tag:web:443'] }] };
const ROOT = { ssh: [{ action: 'accept', src: ['group:sre'], dst: ['tag:web'], users: ['root'] }] };

/** Policy updates, each with the change kind and the highest severity of its diff. */
const POLICIES: readonly (readonly [string, object, PolicyDiff['changeKind'] | undefined, string | undefined])[] = [
  ['policy update', aclUpdate({}, { acls: [] }), 'narrowed', undefined],
  ['failed policy update', aclUpdate({}, { acls: [] }, { error: 'invalid policy' }), 'narrowed', undefined],
  ['policy that allows everything', aclUpdate({ acls: [TEAM] }, { acls: [TEAM, EVERYTHING] }), 'widened', 'high'],
  ['policy that adds root and removes a rule', aclUpdate({ acls: [TEAM] }, { acls: [], ...ROOT }), 'mixed', 'high'],
  ['policy that opens one tag to all', aclUpdate({ acls: [] }, { acls: [EVERY_DEVICE] }), 'widened', 'medium'],
  ['policy without its tests', aclUpdate({ acls: [TEAM], ...TESTED }, { acls: [] }), 'narrowed', 'high'],
  [
    'policy that stays open',
    aclUpdate({ acls: [EVERYTHING] }, `// open\n${JSON.stringify({ acls: [EVERYTHING] }, null, 1)}\n`),
    'cosmetic',
    undefined,
  ],
  ['invalid policy', aclUpdate('{}\n', '{"acls": [\n'), 'unknown', 'medium'],
  ['policy update without the policy', aclUpdate(undefined, undefined), undefined, undefined],
];
const POLICY_NAMES = POLICIES.map(([name]) => name);
const DIFFS = POLICY_NAMES.map((name) => `diff of ${name}`);

const RECORDS: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(POLICIES.map(([name, update]) => [name, update])),
  'policy deletion': record('TAILNET.DELETE.ACL'),
  'device approval': record('NODE.APPROVE'),
  'expected device approval': record('NODE.APPROVE', {
    actor: { id: 'uRobot11CNTRL', type: 'USER', loginName: 'robot@example.com' },
  }),
  'failed device removal': record('NODE.DELETE', { error: 'device is in use' }),
  'device renaming': record('NODE.UPDATE.MACHINE_NAME', { old: 'a', new: 'b' }),
  'console login': record('ADMIN_CONSOLE.LOGIN'),
  'new auth key': record('API_KEY.CREATE', key('Auth key')),
  'new API key': record('API_KEY.CREATE', key('API key')),
  'rejected new API key': record('API_KEY.CREATE', { ...key('API key'), error: 'not allowed' }),
  'new OAuth client': record('API_KEY.CREATE', key('OAuth client')),
  'revoked API key': record('API_KEY.REVOKE', key('API key')),
  'token request of the connector': tokenRequestOf(OWN_CLIENT),
  'token request of another client': tokenRequestOf('kOther11CNTRL'),
  'unknown action': record('NODE.QUARANTINE'),
  'unknown field': record('NODE.APPROVE', { riskScore: 87, eventTime: '2026-11-22T09:59:00Z' }),
  'unreadable record': 'no object',
};

const EXPECTED = [{ rule: 'onboarding', reason: 'new laptops', actor: 'robot@example.com' }];

function health(kind: 'blind' | 'recovered', severity: HealthEvent['severity']): DocumentedEvent {
  const detail: HealthEvent = {
    schemaVersion: '1.0',
    id: `h1:${(kind === 'blind' ? 'b' : 'c').repeat(64)}`,
    stream: 'health',
    source: 'tailscale',
    category: 'network',
    connector: 'main',
    tailnet: 'example.com',
    kind,
    severity,
    title: kind,
    description: kind,
    occurredAt: '2026-11-22T10:00:00.000Z',
    interval: null,
    code: null,
    runId: 'run-1',
  };
  return { detailType: DETAIL_TYPE.health, time: RECEIVED_AT, detail };
}

/** Events by name. */
const EVENTS: readonly (readonly [string, DocumentedEvent])[] = [
  ...Object.entries(RECORDS).flatMap(([name, one]) =>
    events(one, { oauthClientId: OWN_CLIENT, expectedActivity: EXPECTED }).map((event) => {
      const isDiff = event.detailType === DETAIL_TYPE.policyDiff;
      return [isDiff ? `diff of ${name}` : name, event] as const;
    }),
  ),
  ['connector that went blind', health('blind', 'high')],
  ['connector that recovered', health('recovered', 'info')],
];

const UNUSUAL = ['unknown action', 'unknown field', 'unreadable record'];
const HIGH = [
  ...POLICY_NAMES,
  ...DIFFS,
  'policy deletion',
  'device approval',
  'expected device approval',
  'failed device removal',
  'new auth key',
  'unknown field',
  'connector that went blind',
];

const MATCHES: Readonly<Record<string, readonly string[]>> = {
  'high.json': HIGH,
  'high-and-unexpected.json': HIGH.filter((name) => name !== 'expected device approval'),
  'connector-health.json': ['connector that went blind', 'connector that recovered'],
  'policy-changes.json': [...DIFFS, 'policy deletion'],
  'policy-widened-with-high-finding.json': [
    'diff of policy that allows everything',
    'diff of policy that adds root and removes a rule',
  ],
  'new-credentials.json': ['new auth key', 'new API key', 'new OAuth client'],
  'all-but-info.json': [...HIGH, 'device renaming', 'revoked API key'],
  'without-own-token-requests.json': EVENTS.map(([name]) => name).filter(
    (name) => name !== 'token request of the connector',
  ),
  'failed-changes.json': ['failed policy update', 'failed device removal', 'rejected new API key'],
  'unknown-vocabulary.json': UNUSUAL,
};

it.each(POLICIES)(
  'the diff of a %s has the expected kind and highest severity',
  (_name, update, changeKind, severity) => {
    const diff = diffOf(update)?.diff;
    expect([diff?.changeKind, diff?.findings[0]?.severity]).toEqual([changeKind, severity]);
  },
);

describe('example rules, on a bus that the connector publishes to', () => {
  const fired = new Map<string, string[]>();
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await startGateway();
    gateway.events.createBus(BUS);
    const names = new Map(EVENTS.map(([name, { detail }]) => [detail.id, name]));
    for (const file of readdirSync(folder)) {
      const matched: string[] = [];
      fired.set(file, matched);
      gateway.events.on(BUS, patternOf(file), ({ detail }) =>
        matched.push(names.get(String(detail['id'])) ?? 'an event that was not published'),
      );
    }
    const client = new EventBridgeClient({ ...LOCAL_CLIENT, endpoint: gateway.url });
    const bus = createEventBridgeBus({ client, busName: BUS });
    const clock = { now: () => Date.now() };
    const published = EVENTS.map(([, event]) => event);
    const { accepted } = await bus.publish(published, createDeadline(clock, clock.now() + 60_000));
    expect(accepted).toHaveLength(EVENTS.length);
  });
  afterAll(() => gateway.close());

  it('are all tested here', () => {
    expect([...fired.keys()].sort()).toEqual(Object.keys(MATCHES).sort());
  });

  it.each(Object.entries(MATCHES))('%s matches exactly the intended events', (file, expected) => {
    expect(fired.get(file)?.sort()).toEqual([...expected].sort());
  });

  it.each(Object.keys(MATCHES))('%s does not match events of another source', (file) => {
    const matches = parseEventPattern(patternOf(file));
    const foreign = (source: string) =>
      EVENTS.filter(([, { detailType, detail }]) => matches({ source, 'detail-type': detailType, detail }));
    expect(foreign('someone.else')).toEqual([]);
    expect(foreign('tailscale')).not.toEqual([]);
  });
});

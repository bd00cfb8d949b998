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

const BUS = 'tailscale-audit';
const folder = join(__dirname, '../../examples/rules');
const patternOf = (file: string): object => JSON.parse(readFileSync(join(folder, file), 'utf8')) as object;

const ALICE = CONFIGURATION_RECORD.actor;
const OWN_CLIENT = 'kConnector11CNTRL';

/** A configuration record by its triple. */
function record(native: string, fields: object = {}): object {
  const [type, action, property] = native.split('.');
  const target = { id: 'tTarget11CNTRL', name: 'target', type, ...(property === undefined ? {} : { property }) };
  return { ...CONFIGURATION_RECORD, actor: ALICE, action, target, old: undefined, new: undefined, ...fields };
}

const key = (name: string) => ({ target: { id: 'kKey11CNTRL', name, type: 'API_KEY' } });
const tokenRequestOf = (client: string) =>
  record('OAUTH_ACCESS_TOKEN.CREATE', { actor: { id: client, type: 'OAUTH_CLIENT' } });
const aclUpdate = (old: unknown, next: unknown, fields: object = {}) =>
  record('TAILNET.UPDATE.ACL', { old, new: next, ...fields });

const TEAM = { action: 'accept', src: ['group:dev'], dst: ['tag:web:443'] };
const ALL_OF_IT = { action: 'accept', src: ['*'], dst: ['*:*'] };
const EVERY_DEVICE = { action: 'accept', src: ['*'], dst: ['tag:web:443'] };
const TESTED = { tests: [{ src: 'a@example.com', accept: ['tag:web:443'] }] };
const ROOT = { ssh: [{ action: 'accept', src: ['group:sre'], dst: ['tag:web'], users: ['root'] }] };

/** Policy updates, with what their diffs must say for the trial of the rules to mean anything. */
const POLICIES: readonly {
  readonly of: string;
  readonly record: object;
  readonly changeKind: PolicyDiff['changeKind'] | undefined;
  readonly gravest: string | undefined;
}[] = [
  { of: 'policy update', record: aclUpdate({}, { acls: [] }), changeKind: 'narrowed', gravest: undefined },
  {
    of: 'policy update that failed',
    record: aclUpdate({}, { acls: [] }, { error: 'invalid policy' }),
    changeKind: 'narrowed',
    gravest: undefined,
  },
  {
    of: 'policy that lets everything in',
    record: aclUpdate({ acls: [TEAM] }, { acls: [TEAM, ALL_OF_IT] }),
    changeKind: 'widened',
    gravest: 'high',
  },
  {
    of: 'policy that gives root and takes a rule',
    record: aclUpdate({ acls: [TEAM] }, { acls: [], ...ROOT }),
    changeKind: 'mixed',
    gravest: 'high',
  },
  {
    of: 'policy that lets every device reach one tag',
    record: aclUpdate({ acls: [] }, { acls: [EVERY_DEVICE] }),
    changeKind: 'widened',
    gravest: 'medium',
  },
  {
    of: 'policy that takes a rule and all tests',
    record: aclUpdate({ acls: [TEAM], ...TESTED }, { acls: [] }),
    changeKind: 'narrowed',
    gravest: 'high',
  },
  {
    of: 'policy that stays open',
    record: aclUpdate(
      { acls: [ALL_OF_IT] },
      '// open\n{"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]}\n',
    ),
    changeKind: 'cosmetic',
    gravest: undefined,
  },
  {
    of: 'policy that does not parse',
    record: aclUpdate('{}\n', '{"acls": [\n'),
    changeKind: 'unknown',
    gravest: 'medium',
  },
  {
    of: 'policy update without the policy',
    record: aclUpdate(undefined, undefined),
    changeKind: undefined,
    gravest: undefined,
  },
];
const DIFFS = POLICIES.map(({ of }) => `diff of ${of}`);

const RECORDS: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(POLICIES.map((one) => [one.of, one.record])),
  'policy deletion': record('TAILNET.DELETE.ACL'),
  'device approval': record('NODE.APPROVE'),
  'announced device approval': record('NODE.APPROVE', {
    actor: { id: 'uRobot11CNTRL', type: 'USER', loginName: 'robot@example.com' },
  }),
  'device removal that failed': record('NODE.DELETE', { error: 'device is in use' }),
  'device renaming': record('NODE.UPDATE.MACHINE_NAME', { old: 'a', new: 'b' }),
  'console login': record('ADMIN_CONSOLE.LOGIN'),
  'new auth key': record('API_KEY.CREATE', key('Auth key')),
  'new API key': record('API_KEY.CREATE', key('API key')),
  'new API key that was refused': record('API_KEY.CREATE', { ...key('API key'), error: 'not allowed' }),
  'new OAuth client': record('API_KEY.CREATE', key('OAuth client')),
  'revoked API key': record('API_KEY.REVOKE', key('API key')),
  'token request of the connector': tokenRequestOf(OWN_CLIENT),
  'token request of another client': tokenRequestOf('kOther11CNTRL'),
  'unknown action': record('NODE.QUARANTINE'),
  'unknown field': record('NODE.APPROVE', { riskScore: 87, eventTime: '2026-11-22T09:59:00Z' }),
  'record that cannot be read': 'no object',
};

const EXPECTED = [{ rule: 'onboarding', reason: 'new laptops', actor: 'robot@example.com' }];

function health(
  kind: HealthEvent['kind'],
  severity: HealthEvent['severity'],
): BusEvent & { readonly detail: HealthEvent } {
  const id = `h1:${(kind === 'blind' ? 'b' : 'c').repeat(64)}`;
  const common = {
    schemaVersion: '1.0',
    stream: 'health',
    source: 'tailscale',
    category: 'network',
    connector: 'main',
    tailnet: 'example.com',
    interval: null,
  } as const;
  const detail = {
    ...common,
    id,
    kind,
    severity,
    title: kind,
    description: kind,
    occurredAt: '2026-11-22T10:00:00.000Z',
    code: null,
    runId: 'run-1',
  };
  return { detailType: DETAIL_TYPE.health, time: RECEIVED_AT, detail };
}

/** Events by what they are of; a policy's diff is an event of its own. */
const EVENTS: readonly {
  readonly of: string;
  readonly event: BusEvent & { readonly detail: { readonly id: string } };
}[] = [
  ...Object.entries(RECORDS).flatMap(([of, one]) =>
    events(one, { oauthClientId: OWN_CLIENT, expectedActivity: EXPECTED }).map((event) => ({
      of: event.detail.stream === 'audit' ? of : `diff of ${of}`,
      event,
    })),
  ),
  { of: 'connector that went blind', event: health('blind', 'high') },
  { of: 'connector that recovered', event: health('recovered', 'info') },
];
const ALL = EVENTS.map(({ of }) => of);

const UNUSUAL = ['unknown action', 'unknown field', 'record that cannot be read'];
const HIGH = [
  ...POLICIES.map(({ of }) => of),
  ...DIFFS,
  'policy deletion',
  'device approval',
  'announced device approval',
  'device removal that failed',
  'new auth key',
  'unknown field',
  'connector that went blind',
];

const FIRES: Readonly<Record<string, readonly string[]>> = {
  'high.json': HIGH,
  'high-and-unexpected.json': HIGH.filter((of) => of !== 'announced device approval'),
  'connector-health.json': ['connector that went blind', 'connector that recovered'],
  'policy-changes.json': [...DIFFS, 'policy deletion'],
  'policy-widened-with-high-finding.json': [
    'diff of policy that lets everything in',
    'diff of policy that gives root and takes a rule',
  ],
  'new-credentials.json': ['new auth key', 'new API key', 'new OAuth client'],
  'all-but-info.json': [...HIGH, 'device renaming', 'revoked API key'],
  'without-own-token-requests.json': ALL.filter((of) => of !== 'token request of the connector'),
  'failed-changes.json': ['policy update that failed', 'device removal that failed', 'new API key that was refused'],
  'unknown-vocabulary.json': UNUSUAL,
};

it.each(POLICIES)(
  'a $of is $changeKind, and its gravest finding is $gravest',
  ({ record: update, changeKind, gravest }) => {
    const diff = diffOf(update)?.diff;
    expect({ changeKind: diff?.changeKind, gravest: diff?.findings[0]?.severity }).toEqual({ changeKind, gravest });
  },
);

describe('the example rules, on a bus that the connector publishes to', () => {
  const fired = new Map<string, string[]>();
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await startGateway();
    gateway.events.createBus(BUS);
    const of = new Map(EVENTS.map((one) => [one.event.detail.id, one.of]));
    for (const file of readdirSync(folder)) {
      const seen: string[] = [];
      fired.set(file, seen);
      gateway.events.on(BUS, patternOf(file), ({ detail }) =>
        seen.push(of.get(String(detail['id'])) ?? 'an event that was not published'),
      );
    }
    const bus = createEventBridgeBus({
      client: new EventBridgeClient({ ...LOCAL_CLIENT, endpoint: gateway.url }),
      busName: BUS,
    });
    const clock = { now: () => Date.now() };
    const { accepted } = await bus.publish(
      EVENTS.map(({ event }) => event),
      createDeadline(clock, clock.now() + 60_000),
    );
    expect(accepted).toHaveLength(EVENTS.length);
  });
  afterAll(() => gateway.close());

  it('are all tried here', () => {
    expect([...fired.keys()].sort()).toEqual(Object.keys(FIRES).sort());
  });

  it.each(Object.entries(FIRES))('%s fires on what it is for, and on nothing else', (file, expected) => {
    expect(fired.get(file)?.sort()).toEqual([...expected].sort());
  });

  it.each(Object.keys(FIRES))('%s does not fire on what another source puts on the bus', (file) => {
    const stranger = {
      source: 'someone.else',
      'detail-type': 'Tailscale Audit Event',
      detail: {
        severity: 'high',
        action: 'acl:delete',
        outcome: 'failure',
        ingest: { self: false },
        schemaDrift: ['x'],
      },
    };
    const matches = parseEventPattern(patternOf(file));
    expect(matches(stranger)).toBe(false);
    expect(
      EVENTS.some(({ event }) =>
        matches({ source: 'tailscale', 'detail-type': event.detailType, detail: event.detail }),
      ),
    ).toBe(true);
  });
});

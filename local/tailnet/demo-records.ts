import { createHash } from 'node:crypto';
import type { Millis } from '../../lib/domain/time';
import { actors, device, tailnetSetting, things, user } from './demo-actors';
import { policyAfter, policyBefore } from './demo-policy';
import { formatInstant, NANOS_PER_MILLI, NANOS_PER_SECOND } from './instant';

/** A record, and the tick from which the API shows it: 1 is the first. */
export interface PlannedRecord {
  readonly record: object;
  readonly tick: number;
}

/** One thing somebody did; it writes one record for every change, with one group id. */
interface Operation {
  /** Seconds before now. */
  readonly ago: number;
  readonly tick?: number;
  /** Default ADMIN_CONSOLE. */
  readonly origin?: string;
  readonly actor: object;
  readonly changes: readonly Change[];
  /** The rate limiter put it aside, to be logged later. */
  readonly deferred?: boolean;
}

interface Change {
  readonly action: string;
  readonly target: object;
  readonly [field: string]: unknown;
}

const { ada, grace, max, joan, terraform, okta, tailscale, secretScanner, router } = actors;
const SLACK = 'https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX';

function story(time: (ago: number) => string): readonly Operation[] {
  const addresses = ['100.101.7.20', 'fd7a:115c:a1e0::7:14'];
  return [
    { ago: 237, actor: ada, changes: [{ action: 'LOGIN', target: things.adminConsole }] },
    {
      ago: 230,
      origin: 'IDENTITY_PROVIDER',
      actor: okta,
      changes: [
        { action: 'CREATE', target: user('joan'), new: 'joan@example.com' },
        {
          action: 'PUSH_GROUP',
          target: things.sreGroup,
          old: ['grace@example.com'],
          new: ['grace@example.com', 'max@example.com'],
        },
      ],
    },
    // Late: it happened before what the first tick sees, and the API shows it only to the second.
    {
      ago: 222,
      tick: 2,
      deferred: true,
      actor: grace,
      changes: [{ action: 'APPROVE', target: device('old-jumphost') }],
    },
    {
      ago: 214,
      origin: 'NODE',
      actor: joan,
      changes: [
        { action: 'CREATE', target: device('joans-laptop') },
        { action: 'UPDATE', target: device('joans-laptop', 'MACHINE_NAME'), old: '', new: 'joans-laptop' },
        {
          action: 'UPDATE',
          target: device('joans-laptop', 'KEY_EXPIRY_TIME'),
          old: '0001-01-01T00:00:00Z',
          new: time(214 - 180 * 86_400),
        },
        { action: 'LOGIN', target: device('joans-laptop') },
      ],
    },
    { ago: 205, actor: grace, changes: [{ action: 'APPROVE', target: device('joans-laptop') }] },
    {
      ago: 197,
      origin: 'CONFIG_API',
      actor: terraform,
      changes: [
        { action: 'CREATE', target: things.accessToken, actionDetails: 'scopes - auth_keys,logs:configuration' },
        {
          action: 'CREATE',
          target: things.authKey,
          new: {
            capabilities: ['REUSABLE_NODE_AUTH', 'EPHEMERAL'],
            domainLevel: true,
            authTags: ['tag:ci'],
            description: 'CI runners',
          },
        },
      ],
    },
    {
      ago: 189,
      origin: 'NODE',
      actor: terraform,
      changes: [
        { action: 'CREATE', target: device('ci-runner-7f3a') },
        { action: 'UPDATE', target: device('ci-runner-7f3a', 'ACL_TAGS'), old: '', new: ['tag:ci'] },
      ],
    },
    {
      ago: 181,
      actor: grace,
      changes: [{ action: 'UPDATE', target: user('max', 'USER_ROLE'), old: ['Member'], new: ['Network admin'] }],
    },
    {
      ago: 172,
      actor: max,
      changes: [
        {
          action: 'UPDATE',
          target: device('office-router', 'ALLOWED_IPS'),
          old: addresses,
          new: [...addresses, '10.40.0.0/16'],
        },
      ],
    },
    {
      ago: 164,
      origin: 'NODE',
      actor: router,
      changes: [
        { action: 'UPDATE', target: device('office-router', 'AUTO_APPROVED_ROUTES'), old: [], new: ['10.40.8.0/24'] },
        { action: 'UPDATE', target: device('office-router', 'EXIT_NODE'), old: false, new: true },
      ],
    },
    {
      ago: 151,
      actor: max,
      changes: [{ action: 'UPDATE', target: tailnetSetting('ACL'), old: policyBefore, new: policyAfter }],
    },
    {
      ago: 142,
      actor: ada,
      changes: [
        {
          action: 'UPDATE',
          target: tailnetSetting('DNS_CONFIG'),
          old: { nameservers: ['1.1.1.1'] },
          new: { nameservers: ['10.40.0.53'], splitDNS: { 'corp.example.com': ['10.40.0.53'] } },
        },
        { action: 'ENABLE', target: tailnetSetting('MAGIC_DNS') },
      ],
    },
    webhookCreated,
    {
      ago: 126,
      origin: 'CONFIG_API',
      actor: terraform,
      changes: [
        {
          action: 'CREATE',
          target: tailnetSetting('LOGSTREAM_ENDPOINT'),
          new: { provider: 's3', logstreamType: 'configuration', s3Region: 'eu-central-1', s3Bucket: 'example-audit' },
        },
        {
          action: 'DELETE',
          target: tailnetSetting('LOGSTREAM_ENDPOINT'),
          old: { provider: 'splunk', logstreamType: 'configuration', endpointURL: 'https://splunk.example.com:8088' },
        },
      ],
    },
    {
      ago: 117,
      actor: grace,
      changes: [
        {
          action: 'CREATE',
          target: tailnetSetting('POSTURE_INTEGRATION'),
          new: { provider: 'falcon', cloudId: 'eu-1' },
        },
        { action: 'ENABLE', target: tailnetSetting('COLLECT_POSTURE_IDENTITY') },
      ],
    },
    {
      ago: 108,
      origin: 'CONFIG_API',
      actor: joan,
      changes: [
        {
          action: 'UPDATE',
          target: things.failedRequest,
          actionDetails: 'GET /api/v2/tailnet/-/keys',
          error: 'calling actor does not have enough permissions to perform this function',
        },
      ],
    },
    {
      ago: 101,
      actor: max,
      changes: [{ action: 'DELETE', target: device('office-router'), error: 'device is in use as an app connector' }],
    },
    { ago: 95, origin: 'CONTROL', actor: tailscale, changes: [{ action: 'DELETE', target: device('ci-runner-19c2') }] },
    // Tailscale grows: an action, a property and a field that no version of the documentation names.
    {
      ago: 89,
      actor: ada,
      changes: [
        { action: 'QUARANTINE', target: device('old-jumphost', 'ISOLATION_LEVEL'), new: 'strict', riskScore: 87 },
      ],
    },
    { ago: 82, actor: grace, changes: [{ action: 'UPDATE', target: { ...things.webhook, property: 'SECRET' } }] },
    { ago: 75, actor: ada, changes: [{ action: 'CREATE', target: things.invite, new: 'margaret@example.com' }] },

    // The API may repeat itself: the same record once more.
    { ...webhookCreated, tick: 2 },
    {
      ago: 56,
      tick: 2,
      origin: 'SECURITY_NOTIFICATION',
      actor: secretScanner,
      changes: [{ action: 'REVOKE', target: things.apiKey, actionDetails: 'found in a public repository' }],
    },
    {
      ago: 49,
      tick: 2,
      actor: ada,
      changes: [
        {
          action: 'UPDATE',
          target: device('old-jumphost', 'KEY_EXPIRY_TIME'),
          old: time(49 - 30 * 86_400),
          new: time(49),
        },
      ],
    },
    {
      ago: 43,
      tick: 2,
      actor: max,
      changes: [{ action: 'DISABLE', target: tailnetSetting('MACHINE_APPROVAL_NEEDED') }],
    },
    { ago: 37, tick: 2, actor: ada, changes: [{ action: 'SUSPEND', target: user('max') }] },

    {
      ago: 25,
      tick: 3,
      actor: ada,
      changes: [{ action: 'ENABLE', target: tailnetSetting('MACHINE_APPROVAL_NEEDED') }],
    },
    {
      ago: 19,
      tick: 3,
      actor: ada,
      changes: [{ action: 'UPDATE', target: user('max', 'USER_ROLE'), old: ['Network admin'], new: ['Member'] }],
    },
    { ago: 14, tick: 3, actor: grace, changes: [{ action: 'CREATE', target: things.share }] },
    { ago: 9, tick: 3, actor: grace, changes: [{ action: 'DISABLE', target: device('office-router', 'KEY_EXPIRY') }] },
    { ago: 4, tick: 3, actor: ada, changes: [{ action: 'LOGOUT', target: things.adminConsole }] },
  ];
}

const webhookCreated: Operation = {
  ago: 134,
  actor: grace,
  changes: [
    {
      action: 'CREATE',
      target: things.webhook,
      new: { endpointUrl: SLACK, providerType: 'slack', subscriptions: ['policyUpdate', 'nodeCreated'] },
    },
  ],
};

/**
 * The demo's story as configuration records: four minutes of a tailnet up to `now`, in which one policy change opens
 * production. The same `now` and `seed` always give the same records.
 */
export function planDemoRecords({ now, seed = 1 }: { readonly now: Millis; readonly seed?: number }): PlannedRecord[] {
  const at = (ago: number, label: string): bigint =>
    BigInt(now - ago * 1000) * NANOS_PER_MILLI + (BigInt(`0x${hash(`${seed} ${label}`, 8)}`) % NANOS_PER_SECOND);
  return story((ago) => formatInstant(at(ago, 'value'))).flatMap((operation) =>
    recordsOf(operation, now, seed, at).map((record) => ({ tick: operation.tick ?? 1, record })),
  );
}

/**
 * The records of one more action at this instant, after the demo's own. `number` counts from 0; the actions repeat, each
 * time with other ids and times.
 */
export function nextDemoRecords({ now, number }: { readonly now: Millis; readonly number: number }): object[] {
  const at = (ago: number): bigint => BigInt(now - ago * 1000) * NANOS_PER_MILLI;
  const operations = story((ago) => formatInstant(at(ago)));
  const operation = operations[number % operations.length];
  return operation === undefined ? [] : recordsOf({ ...operation, ago: 1, deferred: false }, now, number, at);
}

function recordsOf(
  { ago, origin = 'ADMIN_CONSOLE', actor, changes, deferred = false }: Operation,
  now: Millis,
  seed: number,
  at: (ago: number, label: string) => bigint,
): object[] {
  const label = `${ago} ${changes[0]?.action}`;
  return changes.map((change, index) => ({
    // Records of one operation lie microseconds apart.
    eventTime: formatInstant(at(ago, label) + BigInt(index) * 91_863n),
    type: 'CONFIG',
    deferredAt: deferred ? formatInstant(at(ago - 1, label)) : '0001-01-01T00:00:00Z',
    eventGroupID: hash(`${seed} ${now} ${label}`, 32),
    origin,
    actor,
    ...change,
  }));
}

function hash(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}

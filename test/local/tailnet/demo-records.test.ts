import * as z from 'zod/mini';
import { planDemoRecords } from '../../../local/tailnet/demo-records';
import { parseInstant } from '../../../local/tailnet/instant';
import { aTailnet, closeTailnets, readAudit } from './tailnets';

afterEach(closeTailnets);

const NOW = Date.parse('2026-11-22T12:00:00Z');
const plan = planDemoRecords({ now: NOW });

const demoRecord = z.looseObject({
  eventTime: z.string(),
  deferredAt: z.string(),
  eventGroupID: z.string().check(z.regex(/^[0-9a-f]{32}$/)),
  action: z.string(),
  actor: z.object({ id: z.string(), type: z.string() }),
  target: z.object({ id: z.string(), name: z.string(), type: z.string(), property: z.optional(z.string()) }),
});
const read = plan.map(({ record, tick }) => ({ ...z.parse(demoRecord, record), tick }));

it('tells the same story for the same now and seed, another for another', () => {
  expect(planDemoRecords({ now: NOW })).toEqual(plan);
  expect(planDemoRecords({ now: NOW, seed: 2 })).not.toEqual(plan);
});

it('lies within the four minutes before now, so that a first run finds it', () => {
  for (const { eventTime } of read) {
    const before = BigInt(NOW) * 1_000_000n - (parseInstant(eventTime) ?? 0n);
    expect(before > 0n && before <= 240_000_000_000n).toBe(true);
  }
});

it('releases records over three ticks, one of them late and one of them twice', () => {
  expect(new Set(read.map(({ tick }) => tick))).toEqual(new Set([1, 2, 3]));
  const late = read.filter(({ deferredAt }) => deferredAt !== '0001-01-01T00:00:00Z');
  expect(late).toEqual([expect.objectContaining({ tick: 2, action: 'APPROVE' })]);
  const lastOfFirstTick =
    read
      .filter(({ tick }) => tick === 1)
      .map(({ eventTime }) => eventTime)
      .toSorted()
      .at(-1) ?? '';
  expect((late[0]?.eventTime ?? '') < lastOfFirstTick).toBe(true);

  const texts = plan.map(({ record }) => JSON.stringify(record));
  const repeated = texts.filter((text, index) => texts.indexOf(text) !== index);
  expect(repeated).toHaveLength(1);
  expect(plan.filter(({ record }) => JSON.stringify(record) === repeated[0]).map(({ tick }) => tick)).toEqual([1, 2]);
});

it('has one policy change, which keeps comments and widens who may reach production', () => {
  const changes = read.filter(({ target }) => target.property === 'ACL');
  expect(changes).toHaveLength(1);
  const { old, new: after } = z.parse(z.object({ old: z.string(), new: z.string() }), changes[0]);
  expect(old).not.toContain('autogroup:member"');
  for (const line of [
    '"src": ["autogroup:member"], "dst": ["tag:prod:*"]',
    '// Temporary',
    '"10.0.0.0/8"',
    '"action":      "accept",\n			"src":         ["group:sre"]',
  ]) {
    expect(after).toContain(line);
  }
  expect(after).not.toContain('tag:prod:5432"]}');
});

it('speaks of every kind of thing, with a failure and something unheard of, in the names of the audit dialect too', async () => {
  const tailnet = await aTailnet();
  tailnet.add(plan.map(({ record }) => record));
  const { auditLogs } = await readAudit(tailnet, '2026-11-22T11:00:00Z');
  expect(new Set(auditLogs.map(({ action }) => action))).toEqual(
    new Set([
      'acl:update',
      'admin_console:login',
      'admin_console:logout',
      'api:request_denied',
      'api_key:delete',
      'auth_key:create',
      'device:approve',
      'device:create',
      'device:delete',
      'device:expire_key',
      'device:login',
      'device:quarantine',
      'device:renew_key',
      'device:update',
      'dns:enable_magicdns',
      'dns:update',
      'group:provision',
      'logging:set_config',
      'oauth_token:create',
      'posture:create',
      'routes:approve',
      'routes:set_advertised',
      'settings:update',
      'share:create',
      'tag:update',
      'user:create',
      'user:invite',
      'user:role_update',
      'user:suspend',
      'webhook:create',
      'webhook:update',
    ]),
  );
  expect(auditLogs.filter(({ error }) => error !== undefined)).toHaveLength(2);
  expect(new Set(auditLogs.map(({ id }) => id)).size).toBe(plan.length - 1);
});

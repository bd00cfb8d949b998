import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { BACKFILL_BUNDLE } from '../harness/lambda';
import { validateEvent } from '../harness/validate-event';
import { openEnvironment, record, type TestEnvironment, type TestEnvironmentOptions } from '../harness/environment';
import { HOUR } from '../../lib/domain/time';

// Some of these read hundreds of megabytes.
jest.setTimeout(120_000);
const POISON = { NODE_OPTIONS: `--require ${join(__dirname, 'poison-preload.cjs')}` };

/** Records of 1 MB in one page; the gate asks for 200. */
const PAGE_MB = Number(process.env['PAGE_MB'] ?? 60);

let setup: TestEnvironment;
afterEach(() => setup.close());
const open = async (options?: TestEnvironmentOptions) => (setup = await openEnvironment(options));

const named = (name: string, agoMs = 30_000) => record(agoMs, { target: { id: `n-${name}`, name, type: 'NODE' } });

/** A policy of about so many bytes. */
function policy(bytes: number, seed: number): string {
  const rules: string[] = [];
  for (let size = 0; size < bytes; size += rules.at(-1)?.length ?? 1)
    rules.push(
      `    {"action": "accept", "src": ["group:team-${seed}-${rules.length}"], "dst": ["tag:service-${rules.length}:443"]},`,
    );
  return `{\n  "acls": [\n${rules.join('\n')}\n  ],\n}\n`;
}

function edit(bytes: number, seed: number, agoMs = 30_000): object {
  const old = policy(bytes, seed);
  const rule = `    {"action": "accept", "src": ["group:new"], "dst": ["tag:service-${seed}:22"]},\n  ],\n}\n`;
  return record(agoMs, {
    action: 'UPDATE',
    target: { id: 'TWorldCNTRL', name: 'example.com', type: 'TAILNET', property: 'ACL' },
    old,
    new: old.replace('  ],\n}\n', rule),
  });
}

const health = (kind?: string) =>
  setup.events
    .filter(
      (event) =>
        event['detail-type'] === 'Tailscale Connector Health' && (kind === undefined || event.detail['kind'] === kind),
    )
    .map(({ detail }) => detail);
const logEvents = () => setup.events.filter((event) => event['detail-type'] !== 'Tailscale Connector Health');
const kept = (entry: Record<string, unknown> | undefined): string =>
  gunzipSync(setup.gateway.s3.object(String(entry?.['bucket']), String(entry?.['key']))?.body ?? '').toString();

/** Largest memory of a process so far, in MiB. */
const peakMib = (pid: number | undefined): number =>
  Number(/VmHWM:\s+(\d+)/.exec(execFileSync('cat', [`/proc/${String(pid)}/status`]).toString())?.[1]) / 1024;

describe('progress inside a page', () => {
  it('leaves more on the bus after every run, however short, and computes nothing twice', async () => {
    await open();
    setup.api.add(Array.from({ length: 40 }, (_, index) => edit(60_000, index * 2)));
    const lambda = await setup.sandbox();
    await lambda.testConnection();
    const counts: number[] = [];
    for (let run = 0; run < 30 && (counts.at(-1) ?? 0) < 80; run += 1) {
      await lambda.poll({ remainingMs: 4_000 });
      counts.push(logEvents().length);
    }
    expect(counts.at(-1)).toBe(80);
    expect(counts.every((count, run) => count > (counts[run - 1] ?? 0))).toBe(true);
    expect(new Set(logEvents().map(({ detail }) => detail['id'])).size).toBe(80);
  });
});

describe('a record on which runs die', () => {
  it('is quarantined raw by the third run, and reported; the others are published', async () => {
    await open();
    setup.api.add([named('good-1'), named('poison'), named('good-2'), named('good-3')]);
    for (let death = 0; death < 2; death += 1) {
      await expect((await setup.sandbox(POISON)).poll()).rejects.toThrow('the sandbox is gone');
      await setup.leaseIsOver();
    }
    const third = await setup.sandbox(POISON);
    await expect(third.poll()).resolves.toMatchObject({ connectors: [{ partial: false }] });

    expect(
      logEvents()
        .map(({ detail }) => (detail['target'] as { name: string }).name)
        .sort(),
    ).toEqual(['good-1', 'good-2', 'good-3']);
    const [entry, ...others] = await setup.ledger();
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      reason: 'died-twice',
      status: 'quarantined',
      position: expect.stringMatching(/^record \d of an answer/) as string,
    });
    expect(JSON.parse(kept(entry))).toMatchObject({ target: { name: 'poison' } });
    expect(health('quarantined')).toMatchObject([
      { severity: 'high', description: expect.stringContaining(String(entry?.['key'])) as string },
    ]);
    health().forEach(validateEvent);
    await third.poll();
    expect(health('quarantined')).toHaveLength(1);
    expect(await setup.ledger()).toHaveLength(1);
  });

  it('is quarantined at once where it only throws', async () => {
    await open({ dialect: 'audit' });
    setup.api.add([named('good-1'), named('throws'), named('good-2')]);
    const lambda = await setup.sandbox(POISON);
    await lambda.poll();
    expect(logEvents()).toHaveLength(2);
    expect(await setup.ledger()).toMatchObject([{ reason: 'failed' }]);
    expect(health('quarantined')).toHaveLength(1);
    expect(await setup.item('STATE')).toMatchObject({ leaseUntil: 0, inflight: null });
  });
});

it('gets 1,000 records that cannot be read through in a few short runs, and holds up no good one', async () => {
  await open({ dialect: 'audit', api: { pageSize: 2_000, auditShape: 'native' } });
  setup.gateway.intercept(async ({ service }) => {
    await delay(service === 's3' ? 25 : service === 'dynamodb' ? 5 : 0);
    return undefined;
  });
  const broken = Array.from({ length: 1_000 }, (_, index) => ({
    id: `broken-${index}`,
    created: new Date(Date.now() - 30_000).toISOString(),
  }));
  setup.api.add([...broken, ...Array.from({ length: 20 }, (_, index) => record(1_000 * index))]);
  const lambda = await setup.sandbox();
  await lambda.testConnection();
  await lambda.poll({ remainingMs: 10_000 });
  expect(logEvents().filter(({ detail }) => detail['unparsed'] !== true)).toHaveLength(20);
  for (let run = 0; run < 3; run += 1) await lambda.poll({ remainingMs: 10_000 });
  expect(await setup.ledger()).toHaveLength(1_000);
  expect(new Set(setup.auditIds()).size).toBe(1_020);
  expect(setup.auditIds()).toHaveLength(1_020);
});

describe('no answer is too large', () => {
  it('100 policy edits of 2 × 90 KB in one page', async () => {
    await open({ dialect: 'audit' });
    setup.api.add(Array.from({ length: 100 }, (_, index) => edit(90_000, index * 2)));
    const lambda = await setup.sandbox({}, { isAlone: true });
    await lambda.poll();
    expect(logEvents()).toHaveLength(200);
    expect(peakMib(lambda.pid)).toBeLessThan(300);
  });

  it('two edits of a 4.5 MB policy within one second', async () => {
    await open({ dialect: 'configuration' });
    const one = edit(4_500_000, 0);
    setup.api.add([one, { ...edit(4_500_000, 2), eventTime: (one as { eventTime: string }).eventTime }]);
    const lambda = await setup.sandbox({}, { isAlone: true });
    await lambda.poll();
    expect(logEvents()).toHaveLength(4);
    expect(peakMib(lambda.pid)).toBeLessThan(400);
  });

  it(`a page of ${PAGE_MB} MB`, async () => {
    await open({ dialect: 'audit' });
    setup.api.intercept(() => ({
      body: (async function* () {
        yield '{"auditLogs":[';
        for (let index = 0; index < PAGE_MB; index += 1) {
          await Promise.resolve();
          yield `${index === 0 ? '' : ','}${JSON.stringify(record(1_000 * index, { action: 'UPDATE', new: { note: 'x'.repeat(1_000_000) } }))}`;
        }
        yield ']}';
      })(),
    }));
    const lambda = await setup.sandbox({}, { isAlone: true });
    await expect(lambda.poll()).resolves.toMatchObject({
      connectors: [{ fetched: PAGE_MB, emitted: PAGE_MB, partial: false }],
    });
    expect(peakMib(lambda.pid)).toBeLessThan(300);
  });

  it('one record over the bound is kept as bytes, with its position, and the rest goes on', async () => {
    await open({ dialect: 'audit' });
    const large = JSON.stringify({ ...named('large'), new: 'x'.repeat(20 * 1024 * 1024) });
    const body = `{"auditLogs":[${JSON.stringify(named('good-1'))},${large},{"id":},${JSON.stringify(named('good-2'))}]}`;
    setup.api.intercept(() => ({ body }));
    const lambda = await setup.sandbox();
    await lambda.poll();
    expect(logEvents()).toHaveLength(2);
    const ledger = await setup.ledger();
    expect(ledger.map(({ reason, position }) => [reason, String(position).slice(0, 8)]).sort()).toEqual([
      ['too-large', 'record 1'],
      ['unreadable', 'record 2'],
    ]);
    expect(kept(ledger.find(({ reason }) => reason === 'too-large'))).toBe(large);
    expect(kept(ledger.find(({ reason }) => reason === 'unreadable'))).toBe('{"id":}');
    expect(health('quarantined')).toHaveLength(2);
    await lambda.poll();
    expect(health('quarantined')).toHaveLength(2);
  });

  it('a body that ends early fails the page, and what was whole is out', async () => {
    await open({ dialect: 'audit' });
    let cut = true;
    setup.api.intercept(() =>
      cut
        ? {
            headers: { 'content-length': '100000' },
            body: (async function* () {
              await Promise.resolve();
              yield `{"auditLogs":[${JSON.stringify(named('good-1'))},{"id":"half`;
              throw new Error('staged');
            })(),
          }
        : undefined,
    );
    setup.api.add(named('good-2'));
    const lambda = await setup.sandbox();
    await expect(lambda.poll({ remainingMs: 5_000 })).rejects.toThrow('UPSTREAM_');
    expect(logEvents().length).toBe(1);
    expect(await setup.item('STATE')).toMatchObject({ rev: 0 });
    cut = false;
    await lambda.poll();
    expect(logEvents()).toHaveLength(2);
  });
});

it('a lost lease repeats two units at most, in the middle of a page of 1,500 records', async () => {
  await open({ dialect: 'audit', api: { pageSize: 5_000 } });
  setup.api.add(Array.from({ length: 1_500 }, (_, index) => record(50 * index)));
  const stale = await setup.sandbox();
  let puts = 0;
  const stop = setup.gateway.intercept(async ({ operation }) => {
    puts += operation === 'PutEvents' ? 1 : 0;
    if (puts === 75 && operation === 'PutEvents') await setup.rewind();
    return undefined;
  });
  await expect(stale.poll()).rejects.toThrow('LEASE_LOST');
  stop();
  await (await setup.sandbox()).poll();
  expect(new Set(setup.auditIds()).size).toBe(1_500);
  expect(setup.auditIds().length).toBeLessThanOrEqual(1_700);
});

it('a switch of the dialect loses no late record, and announces what may come again', async () => {
  await open({ dialect: 'configuration' });
  await setup.installedAgo(10 * HOUR, { swept: { hourly: 2 * HOUR, daily: HOUR } });
  await (await setup.sandbox()).poll();
  const switched = {
    CONNECTORS: JSON.stringify([
      { id: 'default', tailnet: '-', secretId: 'tailscale-audit/default', dialect: 'audit' },
    ]),
  };
  setup.api.add(named('late', 3 * HOUR));
  const due = { doneFrom: Date.now() - 2 * HOUR, inflight: null };
  await setup.change({ sweeps: { hourly: due, daily: due } });
  await (await setup.sandbox(switched)).poll();
  expect(logEvents().map(({ detail }) => (detail['target'] as { name: string }).name)).toEqual(['late']);
  expect(health('dialectChanged')).toMatchObject([
    { severity: 'info', interval: { from: expect.any(String) as string } },
  ]);
  health().forEach(validateEvent);
});

it('a tailnet id of 3 MB cannot stop the event that names it', async () => {
  await open({ dialect: 'configuration' });
  const lambda = await setup.sandbox();
  await lambda.poll();
  setup.api.intercept(() => ({ body: `{"version":"1.1","tailnetId":"${'x'.repeat(3_000_000)}","logs":null}` }));
  await expect(lambda.poll()).rejects.toThrow(/^default: TAILNET_CHANGED .{0,2000}$/);
  expect(health('tailnetChanged')).toHaveLength(1);
  expect(JSON.stringify(health()).length).toBeLessThan(10_000);
});

it('redrive publishes a record that an earlier version failed on, under the id that it would have had', async () => {
  await open({ dialect: 'configuration' });
  setup.api.add(named('throws'));
  await (await setup.sandbox(POISON)).poll();
  expect(logEvents()).toEqual([]);
  const mended = await setup.sandbox({}, { bundle: BACKFILL_BUNDLE });
  await expect(mended.invoke({ action: 'redrive' })).resolves.toMatchObject({
    connectors: [{ redriven: 1, failed: 0, done: true }],
  });
  const [entry] = await setup.ledger();
  expect(entry).toMatchObject({ status: 'redriven' });
  expect(logEvents()).toMatchObject([
    { detail: { id: entry?.['id'], target: { name: 'throws' }, ingest: { mode: 'backfill' } } },
  ]);
  validateEvent(logEvents()[0]?.detail ?? {});
  await (await setup.sandbox()).poll();
  expect(logEvents()).toHaveLength(1);
});

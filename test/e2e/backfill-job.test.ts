import { setTimeout as sleep } from 'node:timers/promises';
import { DAY, HOUR, MINUTE } from './cases/environments';
import { record } from '../harness/environment';
import { ago, backfill, installed, plan, range, run, setup } from './backfill-setting';

describe('a job', () => {
  it('that is done answers its report again, and asks Tailscale nothing', async () => {
    await installed();
    setup.api.add([record(DAY), record(3 * DAY)]);
    const asked = range();
    const report = await run(await backfill(), asked);
    const calls = setup.api.requests.length;
    expect(await run(await backfill(), asked)).toEqual(report);
    expect(
      await run(await backfill(), { ...asked, connector: 'default', force: false, dryRun: false, action: 'backfill' }),
    ).toEqual(report);
    expect(await run(await backfill(), { action: 'report', jobId: report.jobId })).toEqual(report);
    expect(setup.api.requests).toHaveLength(calls);
    expect(setup.auditIds()).toHaveLength(2);
  });

  it('is another one with rerun, which finds what was published since', async () => {
    await installed();
    setup.api.add([record(DAY)]);
    const asked = range();
    const sandbox = await backfill();
    const first = await run(sandbox, asked);
    setup.api.add([record(DAY)]);
    const second = await run(sandbox, { ...asked, rerun: 1 });
    expect(second).toMatchObject({ emitted: 1, duplicates: 1, done: true });
    expect(second.jobId).not.toBe(first.jobId);
    expect(await run(sandbox, { ...asked, rerun: 1 })).toEqual(second);
  });

  it('with force brings the same ids again', async () => {
    await installed();
    setup.api.add([record(DAY), record(3 * DAY)]);
    const asked = range();
    const sandbox = await backfill();
    await run(sandbox, asked);
    expect(await run(sandbox, { ...asked, force: true })).toMatchObject({
      emitted: 2,
      duplicates: 0,
      force: true,
      done: true,
    });
    expect(setup.auditIds()).toHaveLength(4);
    expect(new Set(setup.auditIds()).size).toBe(2);
  });

  it('that is a dry run counts by action and severity, and touches neither the bus nor what is marked as published', async () => {
    await installed();
    setup.api.add([
      record(DAY),
      record(2 * DAY, {
        target: { id: 'x', name: 'x', type: 'TAILNET', property: 'ACL' },
        action: 'UPDATE',
        old: '{}',
        new: '{"acls":[]}',
      }),
    ]);
    const asked = range();
    const sandbox = await backfill();
    const calls = setup.gateway.requests.length;
    const report = await run(sandbox, { ...asked, dryRun: true });
    expect(report).toMatchObject({
      dryRun: true,
      fetched: 2,
      emitted: 0,
      quarantined: 0,
      done: true,
      byAction: { 'device:approve': 1, 'policy diff': 1 },
    });
    expect(Object.values(report.byAction).reduce((sum, one) => sum + one, 0)).toBe(3);
    expect(Object.values(report.bySeverity).reduce((sum, one) => sum + one, 0)).toBe(3);
    expect(setup.events).toEqual([]);
    const asKind = setup.gateway.requests.slice(calls).map(({ operation }) => operation);
    expect(asKind).not.toContain('PutEvents');
    expect(await run(sandbox, asked)).toMatchObject({
      emitted: 3,
      duplicates: 0,
      byAction: report.byAction,
      bySeverity: report.bySeverity,
    });
  });

  it('that runs out of time returns the next invocation, and continues until everything is published once', async () => {
    await installed({ dialect: 'audit', api: { pageSize: 10 } });
    setup.api.add(Array.from({ length: 60 }, (_, index) => record(DAY + index * MINUTE)));
    setup.api.intercept(async () => {
      await sleep(250);
      return undefined;
    });
    const sandbox = await backfill();
    let report = await run(sandbox, range(), 3_000);
    expect(report).toMatchObject({ done: false, next: { action: 'slice', slice: 0, jobId: report.jobId } });
    for (let invocations = 0; !report.done && invocations < 20; invocations += 1)
      report = await run(sandbox, report.next ?? {}, 3_000);
    expect(report).toMatchObject({ slice: 0, done: true, next: null, fetched: 60, emitted: 60, duplicates: 0 });
    expect(setup.auditIds()).toHaveLength(60);
  });
});

describe('a plan', () => {
  it('cuts the range into slices that meet, and its report adds up what they did', async () => {
    await installed({ dialect: 'configuration' });
    setup.api.add(Array.from({ length: 30 }, (_, index) => record(DAY + index * 12 * HOUR)));
    const sandbox = await backfill();
    const asked = { from: ago(18 * DAY), until: ago(2 * HOUR) };
    const planned = await plan(sandbox, { ...asked, sliceHours: 48 });
    expect(planned.slices).toHaveLength(9);
    expect(planned.slices.slice(1).map(({ from }) => from)).toEqual(
      planned.slices.slice(0, -1).map(({ until }) => until),
    );
    expect([planned.slices[0]?.from, planned.slices.at(-1)?.until]).toEqual([planned.from, planned.until]);
    expect(await plan(sandbox, { ...asked, sliceHours: 1 })).toEqual(planned);

    const [first, ...others] = planned.slices;
    const one = await run(sandbox, first ?? {});
    expect(one).toMatchObject({ slice: 0, from: first?.from, until: first?.until, done: true, next: null });
    expect(await run(sandbox, { action: 'report', jobId: planned.jobId })).toMatchObject({
      slice: null,
      emitted: one.emitted,
      done: false,
      next: others[0],
    });
    await Promise.all(others.map(async (slice) => (await backfill()).invoke(slice)));
    expect(await run(sandbox, { action: 'report', jobId: planned.jobId })).toMatchObject({
      emitted: 30,
      byAction: { 'device:approve': 30 },
      done: true,
      next: null,
    });
    expect(setup.auditIds()).toHaveLength(30);
    expect(await run(sandbox, asked)).toMatchObject({ jobId: planned.jobId, emitted: 30, done: true });
  });

  it('is one paged job in the audit dialect, which has no end parameter, and says so', async () => {
    await installed({ dialect: 'audit' });
    const planned = await plan(await backfill(), { ...range(), sliceHours: 24 });
    expect(planned).toMatchObject({
      dialect: 'audit',
      slices: [{ slice: 0, from: planned.from, until: planned.until }],
    });
    expect(planned.slices).toHaveLength(1);
    expect(planned.notes).toContainEqual(
      expect.stringContaining('the audit dialect has no end parameter: the plan is one paged job'),
    );
  });

  it('is held to: a slice that somebody has changed is refused', async () => {
    await installed({ dialect: 'configuration' });
    const sandbox = await backfill();
    const { slices } = await plan(sandbox, range());
    const [slice] = slices;
    await expect(sandbox.invoke({ ...slice, until: ago(0) })).rejects.toThrow(/^backfill: until: the plan says /);
    await expect(sandbox.invoke({ ...slice, force: true })).rejects.toThrow(/^backfill: force: the plan says false/);
    await expect(sandbox.invoke({ ...slice, slice: 99 })).rejects.toThrow(
      `backfill: slice: the job has ${slices.length}, counted from 0`,
    );
    expect(setup.events).toEqual([]);
  });
});

describe('what a state machine can wait for', () => {
  it('is a slice that another invocation runs', async () => {
    await installed({ dialect: 'configuration' });
    setup.api.add(record(DAY));
    const [one, two] = [await backfill(), await backfill()];
    const asked = range();
    let proceed: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (proceed = resolve));
    const reached = new Promise<void>((resolve) => {
      setup.api.intercept(async () => {
        resolve();
        await held;
        return undefined;
      });
    });
    const running = run(one, asked);
    await reached;
    await expect(two.invoke(asked)).rejects.toMatchObject({
      errorType: 'BackfillBusy',
      message: expect.stringMatching(/^default: LEASE_HELD slice 0 of the job bf-/) as string,
    });
    proceed();
    await running;
    expect(setup.auditIds()).toHaveLength(1);
  });

  it('is a wait that Tailscale has asked for', async () => {
    await installed({ dialect: 'configuration' });
    setup.api.add(record(DAY));
    const stop = setup.api.intercept(() => ({ status: 429, headers: { 'retry-after': '600' }, body: '{}' }));
    const sandbox = await backfill();
    const asked = range();
    const report = await run(sandbox, asked, 60_000);
    expect(report).toMatchObject({
      done: false,
      notes: expect.arrayContaining([expect.stringMatching(/^Tailscale asks to wait until /)]) as string[],
    });
    stop();
    await expect(sandbox.invoke(report.next)).rejects.toMatchObject({
      errorType: 'BackfillWaiting',
      message: expect.stringMatching(/^default: RATE_LIMITED Tailscale has asked to wait until /) as string,
    });
  });

  it('is any other failure, after which the slice is free again', async () => {
    await installed({ dialect: 'configuration' });
    setup.api.add(record(DAY));
    const allow = setup.api.intercept(() => ({ status: 403, body: '{}' }));
    const sandbox = await backfill();
    const asked = range();
    await expect(sandbox.invoke(asked)).rejects.toMatchObject({
      errorType: 'BackfillFailed',
      message: expect.stringMatching(/^default: FORBIDDEN /) as string,
    });
    allow();
    await expect(run(sandbox, asked)).resolves.toMatchObject({ emitted: 1, done: true });
  });
});

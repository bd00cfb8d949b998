import { createDeadline } from '../../lib/domain/deadline';
import type { Quarantined } from '../../lib/domain/quarantine';
import type { EncodedEvent } from '../../lib/domain/event';
import type { EventBus } from '../../lib/ports/event-bus';
import { redrive, type RedriveDeps } from '../../lib/backfill/redrive';
import { identify } from '../../lib/events/identity/identify';
import { encodeAll } from '../../lib/events/normalize';
import { record } from '../harness/environment';

const context = {
  connector: 'default',
  tailnetKey: 'example.com',
  mode: 'live',
  runId: 'live',
  receivedAt: 0,
  watermark: 0,
  severityProfile: 'spec',
  expectedActivity: [],
  oauthClientId: null,
} as const;

const stored = (event: EncodedEvent | undefined) =>
  JSON.stringify({ detailType: event?.detailType, time: event?.time, detail: event?.detail, seen: event?.publishedId });

/** A quarantine of so many events in memory, and a clock that only publishing moves. */
function quarantineOf(count: number, { pageSize = count, msPerEvent = 0, unsent = 0 } = {}) {
  let now = 0;
  const events = new Map(
    Array.from({ length: count }, (_, index) => [
      `id-${String(index).padStart(4, '0')}`,
      encodeAll(identify(record(), { tailnetKey: 'example.com', idKey: 'key' }), context),
    ]),
  );
  const open = new Set(events.keys());
  const published: string[] = [];
  const entry = (id: string): Quarantined => ({
    id,
    reason: 'MalformedDetail',
    at: 0,
    position: null,
    object: { bucket: 'b', key: `quarantine/${id}`, sha256: '', bytes: 0 },
  });
  const clock = { now: () => now };
  const publish: EventBus['publish'] = (sent) => {
    now += sent.length * msPerEvent;
    const accepted = sent.slice(0, sent.length - unsent);
    published.push(...accepted.map(({ detail }) => ('id' in detail ? String(detail.id) : '')));
    return Promise.resolve({ accepted, refused: [], unsent: sent.slice(accepted.length) });
  };
  const deps: RedriveDeps = {
    openQuarantine: () => ({
      async *waiting(after) {
        const rest = await Promise.resolve([...open].filter((id) => after === null || id > after));
        for (let next = 0; next < rest.length; next += pageSize) yield rest.slice(next, next + pageSize).map(entry);
      },
      markPublished: () => Promise.resolve(),
      markRedriven: (id) => Promise.resolve(void open.delete(id)),
      installation: () => Promise.resolve(undefined),
    }),
    archive: {
      put: () => Promise.reject(new Error('nothing is that large')),
      putFile: () => Promise.reject(new Error('nothing is that large')),
      read: ({ key }) =>
        Promise.resolve({ state: 'intact', json: stored(events.get(key.replace('quarantine/', ''))?.[0]) }),
    },
    bus: { assertExists: () => Promise.resolve(), publish },
    clock,
    telemetry: { info: () => undefined, warn: () => undefined, error: () => undefined, count: () => undefined },
    newRunId: () => 'run',
    parseRecord: (json) => JSON.parse(json) as unknown,
    severityProfile: 'spec',
    expectedActivity: [],
  };
  return { deps, published, open, deadline: (ms: number) => createDeadline(clock, now + ms) };
}

const request = { connector: 'default', includeUnparsed: false, after: null };

it.each([1_000, 70])('goes on where time ran out, until all of it is out once (pages of %d)', async (pageSize) => {
  const { deps, published, open, deadline } = quarantineOf(230, { pageSize, msPerEvent: 100 });
  let after: string | null = null;
  const answers: number[] = [];
  for (let done = false; !done && answers.length < 10;) {
    // Time for 100 events and the reserve.
    const report = await redrive({ ...request, after }, deps, deadline(20_000));
    ({ done, after } = report);
    answers.push(report.redriven);
    expect(report.after === null).toBe(done);
  }
  expect(answers.reduce((sum, one) => sum + one, 0)).toBe(230);
  expect(answers.length).toBeGreaterThan(1);
  expect(answers.length).toBeLessThan(5);
  expect(new Set(published).size).toBe(230);
  expect(published).toHaveLength(230);
  expect(open.size).toBe(0);
});

it('closes the entries that went out before time ran out in the middle of a batch', async () => {
  const { deps, open, deadline } = quarantineOf(30, { msPerEvent: 1_000, unsent: 10 });
  await expect(redrive(request, deps, deadline(30_000))).resolves.toMatchObject({
    redriven: 20,
    done: false,
    after: null,
  });
  expect(open.size).toBe(10);
});

it('fails when the bus accepts nothing although time is left, and closes the accepted entries', async () => {
  const { deps, open, deadline } = quarantineOf(30, { unsent: 10 });
  await expect(redrive(request, deps, deadline(30_000))).rejects.toMatchObject({
    code: 'BUS_EXHAUSTED',
    message: expect.stringContaining('10 entries') as string,
  });
  expect(open.size).toBe(10);
});

import fc from 'fast-check';
import type { Dialect } from '../../lib/domain/dialect';
import type { Window } from '../../lib/domain/time';
import type { AuditLog } from '../../lib/ports/audit-log';
import { createTailscale } from '../../lib/tailscale/client';
import { startTailnet } from '../../local/tailnet/tailnet';
import { createInMemoryAuditLog } from '../harness/in-memory-audit-log';
import { directly } from '../harness/in-memory-io';
import { createInMemoryTailnet } from '../harness/in-memory-tailnet';
import {
  API_KEY,
  apiKey,
  collect,
  connector,
  createCredentials,
  failureOf,
  NOON,
  type PageRead,
} from '../unit/tailscale/setting';

const SECOND = 1_000;
const clock = { now: () => NOON };

interface Entry {
  readonly at: number;
  readonly visibleFrom: number;
}
const entry: fc.Arbitrary<Entry> = fc
  .tuple(fc.nat(120), fc.constantFrom(0, 30, 200))
  .map(([ago, delay]) => ({ at: NOON - ago * SECOND, visibleFrom: NOON - (ago - delay) * SECOND }));
const window: fc.Arbitrary<Window> = fc
  .tuple(fc.nat(120), fc.nat(60))
  .map(([ago, span]) => ({ from: NOON - ago * SECOND, until: NOON - ago * SECOND + (span + 1) * SECOND }));

/** The same log twice: behind a socket, and in memory. */
async function sides(dialect: Dialect, entries: readonly Entry[], pageSize: number) {
  const server = await startTailnet({ dialects: dialect, apiKeys: [API_KEY], clock, pageSize, auditShape: 'native' });
  const tailnet = createInMemoryTailnet({ dialect, clock, pageSize: dialect === 'audit' ? pageSize : Infinity });
  entries.forEach(({ at, visibleFrom }, id) => {
    const record = { id, eventTime: new Date(at).toISOString() };
    server.add(record, { visibleAt: visibleFrom });
    tailnet.add({ record, at, nanos: 0, visibleFrom, visibleUntil: Infinity });
  });
  const openReal = createTailscale({
    apiUrl: server.url,
    credentials: createCredentials(apiKey()),
    clock,
    random: () => 0.5,
    wait: () => Promise.resolve(),
  });
  const openInMemory = createInMemoryAuditLog({ tailnet: () => tailnet, clock, io: directly });
  return {
    server,
    tailnet,
    real: openReal(connector({ dialect }), dialect),
    inMemory: openInMemory(connector({ dialect }), dialect),
  };
}

/** What a page says; a cursor is opaque, so only whether there is one. */
const view = ({ records, cursor, until, skewMs, tailnet, oauthClientId, dialect }: PageRead) => ({
  ids: records.map((record) => (record as { id: number }).id),
  continues: cursor !== null,
  until,
  skewMs,
  tailnet,
  oauthClientId,
  dialect,
});

describe.each<Dialect>(['audit', 'configuration'])('in the %s dialect', (dialect) => {
  it("holds the simulation's log to what lib/tailscale reads from a server", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 12 }),
        window,
        fc.integer({ min: 1, max: 5 }),
        async (entries, asked, pageSize) => {
          const { server, real, inMemory } = await sides(dialect, entries, pageSize);
          try {
            const read = (log: AuditLog) => collect(log, { window: asked });
            const [expected, shown] = [await read(real), await read(inMemory)];
            expect(shown.map(view)).toEqual(expected.map(view));
            // A Date header has whole seconds.
            for (const [index, { asOf }] of shown.entries())
              expect(Math.abs((asOf ?? Infinity) - (expected[index]?.asOf ?? 0))).toBeLessThan(SECOND);
          } finally {
            await server.close();
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

it('refuses a cursor that the server no longer takes, as lib/tailscale does', async () => {
  const { server, tailnet, real, inMemory } = await sides(
    'audit',
    Array.from({ length: 4 }, () => ({ at: NOON - SECOND, visibleFrom: 0 })),
    2,
  );
  const asked = { from: NOON - 60 * SECOND, until: NOON };
  const cursorOf = async (log: AuditLog) => (await collect(log, { window: asked }))[0]?.cursor ?? null;
  const cursors = [await cursorOf(real), await cursorOf(inMemory)] as const;
  server.expireCursors();
  tailnet.expireCursors();
  const failures = [
    await failureOf(collect(real, { window: asked, cursor: cursors[0] })),
    await failureOf(collect(inMemory, { window: asked, cursor: cursors[1] })),
  ];
  await server.close();
  expect(failures.map(({ code }) => code)).toEqual(['CURSOR_REFUSED', 'CURSOR_REFUSED']);
});

import * as z from 'zod/mini';
import { aRecord, aTailnet, closeTailnets, get, readAudit } from './tailnets';

afterEach(closeTailnets);

const START = '2026-07-27T00:00:00Z';
const PATH = '/tailnet/-/audit';

const tenRecords = Array.from({ length: 10 }, (_, index) => aRecord(`2026-07-27T12:00:00.00000000${index}Z`));

it('pages until no cursor is left, each record once, whatever characters the cursor has', async () => {
  const tailnet = await aTailnet({ pageSize: 3 });
  tailnet.add(tenRecords);

  const created: unknown[] = [];
  const sizes: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await readAudit(tailnet, START, cursor);
    created.push(...page.auditLogs.map((record) => record['created']));
    sizes.push(page.auditLogs.length);
    cursor = page.nextCursor;
  } while (cursor !== undefined);

  expect(sizes).toEqual([3, 3, 3, 1]);
  expect(created.toSorted()).toEqual(tenRecords.map((_, index) => `2026-07-27T12:00:00.00000000${index}Z`));
});

it('gives no cursor behind a page that is exactly full', async () => {
  const tailnet = await aTailnet({ pageSize: 10 });
  tailnet.add(tenRecords);
  expect((await readAudit(tailnet, START)).nextCursor).toBeUndefined();
  expect(await readAudit(tailnet, '2026-07-27T13:00:00Z')).toEqual({ auditLogs: [] });
});

it('leaves out of a walk what appears during it', async () => {
  const tailnet = await aTailnet({ pageSize: 5 });
  tailnet.add(tenRecords);
  const { nextCursor } = await readAudit(tailnet, START);
  tailnet.add(aRecord('2026-07-27T12:30:00Z'));
  expect((await readAudit(tailnet, START, nextCursor)).auditLogs).toHaveLength(5);
  expect((await readAudit(tailnet, START, nextCursor)).auditLogs).toHaveLength(5);
});

it('refuses cursors that expired, were never given out, or belong to another start', async () => {
  const tailnet = await aTailnet({ pageSize: 5 });
  tailnet.add(tenRecords);
  const { nextCursor = '' } = await readAudit(tailnet, START);
  expect((await get(tailnet, PATH, { startTime: '2026-07-27T01:00:00Z', cursor: nextCursor })).status).toBe(400);
  expect((await get(tailnet, PATH, { startTime: START, cursor: 'made-up' })).status).toBe(400);
  tailnet.expireCursors();
  const answer = await get(tailnet, PATH, { startTime: START, cursor: nextCursor });
  expect([answer.status, await answer.json()]).toEqual([410, { message: 'cursor expired' }]);
});

it.each([{}, { startTime: 'now' }, { cursor: 'made-up' }])('refuses %j: a start is needed', async (query) => {
  const tailnet = await aTailnet();
  const answer = await get(tailnet, PATH, { ...query });
  expect([answer.status, await answer.json()]).toEqual([400, { message: 'startTime must be an RFC 3339 time' }]);
});

it('speaks the other spelling of its envelope', async () => {
  const tailnet = await aTailnet({ pageSize: 9, auditEnvelope: { list: 'logs', next: 'cursor' } });
  tailnet.add(tenRecords);
  const answer = z.parse(
    z.strictObject({ logs: z.array(z.unknown()), cursor: z.string() }),
    await (await get(tailnet, PATH, { startTime: START })).json(),
  );
  expect(answer.logs).toHaveLength(9);
});

it('translates a configuration record, the same one always to the same id', async () => {
  const tailnet = await aTailnet();
  const policy = aRecord('2026-07-27T12:00:00.5Z', {
    action: 'UPDATE',
    target: { id: 't1', name: 'example.com', type: 'TAILNET', property: 'ACL' },
    old: '{}',
    new: '{"acls":[]}',
    error: 'denied',
  });
  tailnet.add([policy, policy]);
  const { auditLogs } = await readAudit(tailnet, START);
  const { id, actorIp, ...rest } = auditLogs[0] ?? {};
  expect(id).toMatch(/^audit-[0-9a-f]{24}$/);
  expect(actorIp).toMatch(/^203\.0\.113\.\d+$/);
  expect(rest).toEqual({
    action: 'acl:update',
    actor: { id: 'u1CNTRL', type: 'USER', loginName: 'ada@example.com', displayName: 'Ada' },
    target: { id: 't1', name: 'example.com', type: 'TAILNET' },
    created: '2026-07-27T12:00:00.5Z',
    origin: 'ADMIN_CONSOLE',
    old: '{}',
    new: '{"acls":[]}',
    error: 'denied',
  });
  expect(auditLogs[1]).toEqual(auditLogs[0]);
});

it.each([
  ['NODE', 'APPROVE', undefined, 'device:approve'],
  ['NODE', 'DELETE', undefined, 'device:delete'],
  ['USER', 'UPDATE', 'USER_ROLE', 'user:role_update'],
  ['TAILNET', 'DISABLE', 'MACHINE_APPROVAL_NEEDED', 'settings:update'],
  ['TAILNET', 'DELETE', 'LOGSTREAM_ENDPOINT', 'logging:set_config'],
  ['WEBHOOK_ENDPOINT', 'UPDATE', 'SECRET', 'webhook:update'],
  ['QUANTUM_LINK', 'CALIBRATE', 'PHASE', 'quantum_link:calibrate'],
])('calls %s %s %s %s%s', async (type, action, property, expected) => {
  const tailnet = await aTailnet();
  tailnet.add(aRecord('2026-07-27T12:00:00Z', { action, target: { id: 'x', name: 'x', type, property } }));
  expect((await readAudit(tailnet, START)).auditLogs).toEqual([expect.objectContaining({ action: expected })]);
});

it('shows configuration records unchanged on request, and audit records always', async () => {
  const native = aRecord('2026-07-27T12:00:00Z');
  const own = { id: 'e1', action: 'user:invite', created: '2026-07-27T12:00:01Z', actor: 'ada@example.com' };
  const tailnet = await aTailnet({ auditShape: 'native' });
  tailnet.add([native, own]);
  expect((await readAudit(tailnet, START)).auditLogs).toEqual([own, native]);
  const translating = await aTailnet();
  translating.add(own);
  expect((await readAudit(translating, START)).auditLogs).toEqual([own]);
});

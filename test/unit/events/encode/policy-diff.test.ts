import { createHash } from 'node:crypto';
import { auditOf, AUDIT_RECORD, CONFIGURATION_RECORD, diffOf, events } from '../samples';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

it('stands beside a policy change, high, and names its audit event', () => {
  const [audit, diff] = events(CONFIGURATION_RECORD);
  expect([audit?.detailType, diff?.detailType]).toEqual(['Tailscale Audit Event', 'Tailscale ACL Policy Diff']);
  expect(diff?.time).toBe(audit?.time);
  const event = diffOf(CONFIGURATION_RECORD);
  expect(event).toMatchObject({
    auditId: auditOf(CONFIGURATION_RECORD).id,
    severity: 'high',
    action: 'acl:update',
    native: 'TAILNET.UPDATE.ACL',
    description: 'alice@example.com: Policy file changed, 1 rule added, 1 finding (1 high) (example.com)',
    outcome: 'success',
  });
  expect(event?.diff).toMatchObject({
    changeKind: 'widened',
    findings: [{ id: 'ACL-ALLOW-ALL', severity: 'high', section: 'acls', line: 2 }],
    sections: [{ section: 'acls', state: 'changed', before: 0, after: 1 }],
    parseError: null,
    unified: `--- old\n+++ new\n@@ -1,3 +1,3 @@\n {\n-  "acls": []\n+  "acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]\n }\n`,
    truncated: false,
    addedLines: 1,
    removedLines: 1,
    old: { sha256: sha256(CONFIGURATION_RECORD.old), bytes: CONFIGURATION_RECORD.old.length },
    new: { sha256: sha256(CONFIGURATION_RECORD.new), bytes: CONFIGURATION_RECORD.new.length },
  });
});

it('stands beside an audit record that says acl:update, and beside nothing else', () => {
  expect(diffOf({ ...AUDIT_RECORD, action: 'acl:update', old: 'a\n', new: 'b\n' })?.diff).toMatchObject({
    addedLines: 1,
    removedLines: 1,
  });
  expect(events({ ...AUDIT_RECORD, action: 'acl:delete', old: 'a\n' })).toHaveLength(1);
  expect(
    events({ ...CONFIGURATION_RECORD, target: { ...CONFIGURATION_RECORD.target, property: 'DNS_CONFIG' } }),
  ).toHaveLength(1);
});

it('has no diff when the record carries neither side', () => {
  const { old, new: next, ...without } = CONFIGURATION_RECORD;
  expect([old, next].every((side) => side.length > 0)).toBe(true);
  for (const record of [without, { ...without, old: null, new: null }]) {
    expect(diffOf(record)).toMatchObject({
      diff: null,
      severity: 'high',
      description: 'alice@example.com: Policy file changed, the record has neither policy (example.com)',
    });
  }
});

it.each([
  ['null', null],
  ['""', ''],
])('takes an old side of %s for an empty file', (_, old) => {
  expect(diffOf({ ...CONFIGURATION_RECORD, old })?.diff).toMatchObject({
    removedLines: 0,
    addedLines: 3,
    old: { bytes: 0, sha256: sha256('') },
  });
});

it('prints a side that is an object over several lines', () => {
  const diff = diffOf({ ...CONFIGURATION_RECORD, old: { acls: [] }, new: { acls: [], groups: {} } })?.diff;
  expect(diff?.unified).toContain('+  "groups": {}\n');
  expect(diff?.old).toEqual({ sha256: sha256('{\n  "acls": []\n}'), bytes: 16 });
});

it('keeps its severity when the change failed, and says so', () => {
  expect(diffOf({ ...CONFIGURATION_RECORD, error: 'tests failed' })).toMatchObject({
    severity: 'high',
    outcome: 'failure',
    error: 'tests failed',
  });
});

it('counts bytes, not characters', () => {
  expect(diffOf({ ...CONFIGURATION_RECORD, new: 'é👍' })?.diff?.new.bytes).toBe(6);
});

it.each([[true], [42], [[1, 2]]])('takes a side of %j as its JSON', (side) => {
  expect(diffOf({ ...CONFIGURATION_RECORD, new: side })?.diff?.new.sha256).toBe(sha256(JSON.stringify(side, null, 2)));
});

it('[case 54] fits and is quick with a policy of 5 MB', () => {
  const rule = '  {"action": "accept", "src": ["group:x"], "dst": ["10.0.0.1:443"]},\n';
  const old = rule.repeat(75_000);
  const start = process.cpuUsage();
  const event = diffOf({ ...CONFIGURATION_RECORD, old, new: `${old}// more\n` });
  expect(event?.diff).toMatchObject({ addedLines: 1, removedLines: 0 });
  expect(process.cpuUsage(start).user / 1e6).toBeLessThan(10);
});

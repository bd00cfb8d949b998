import { HOUR, type Millis } from '../../../lib/domain/time';

/** Target of the record whose event the bus rejects. */
export const POISON = 'nPoisonCNTRL';
/** Target of the record whose event the bus is too busy for at first. */
export const THROTTLED = 'nThrottledCNTRL';
/** Target of the record that is too large for some targets of a rule. */
export const OVERSIZE = 'nOversizeCNTRL';

/** Plain records of the first tick: more than two units of 100. */
const PLAIN = 200;

const SECOND = 1_000;

/** Milliseconds between the two ticks: long enough for a sweep to be due. */
export const BETWEEN_TICKS_MS = 2 * HOUR;

/** A configuration record; the same arguments give the same record. */
export function recordAt(time: Millis, target: string, fields: object = {}): object {
  return {
    eventTime: new Date(time).toISOString(),
    type: 'CONFIG',
    deferredAt: '0001-01-01T00:00:00Z',
    eventGroupID: `group-${target}`,
    origin: 'ADMIN_CONSOLE',
    actor: { id: 'uAliceCNTRL', type: 'USER', loginName: 'alice@example.com', displayName: 'Alice' },
    target: { id: target, name: `${target.toLowerCase()}.example.ts.net`, type: 'NODE' },
    action: 'APPROVE',
    ...fields,
  };
}

/** A change of the policy, which gives an audit event and a diff. */
function policyChangeAt(time: Millis, target = 'TPolicyCNTRL'): object {
  return recordAt(time, target, {
    action: 'UPDATE',
    target: { id: target, name: 'example.com', type: 'TAILNET', property: 'ACL' },
    old: '{\n  "acls": []\n}\n',
    new: '{\n  "acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]\n}\n',
  });
}

/** What is in the log when the first tick begins: all of it within the first run's five minutes. */
export function recordsBeforeFirstTick(now: Millis): object[] {
  const plain = Array.from({ length: PLAIN }, (_, index) =>
    recordAt(now - 5 * SECOND - index * 700, `nPlain${String(index).padStart(3, '0')}CNTRL`),
  );
  return [
    ...plain,
    policyChangeAt(now - 20 * SECOND),
    recordAt(now - 30 * SECOND, POISON),
    recordAt(now - 40 * SECOND, THROTTLED),
    recordAt(now - 50 * SECOND, OVERSIZE, { action: 'UPDATE', new: 'long '.repeat(55_000) }),
  ];
}

/**
 * What is in the log beside that when the second tick begins: something new, a record that shows up late but within the
 * overlap, and one so late that only the sweep finds it.
 */
export function recordsBeforeSecondTick(first: Millis, now: Millis): object[] {
  return [
    recordAt(first - 90 * SECOND, 'nLateCNTRL'),
    recordAt(first - 160 * SECOND, 'nForgottenCNTRL'),
    recordAt(now - 300 * SECOND, 'nNewCNTRL'),
    policyChangeAt(now - 10 * SECOND, 'TPolicyAgainCNTRL'),
  ];
}

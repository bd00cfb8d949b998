import { DETAIL_TYPE } from '../lib/contract/names';
import type { DeliveredEvent } from './gateway/put-events';

/** What a run has shown. */
export interface Summary {
  /** Records the simulated tailnet has, each counted once. */
  readonly simulated: number;
  /** Audit events that arrived on the bus. */
  readonly emitted: number;
  /** Different ids among them. */
  readonly distinct: number;
  readonly duplicates: number;
  /** Policy diff events. */
  readonly diffs: number;
  /** Every record is on the bus exactly once, and every policy change has its diff. */
  readonly ok: boolean;
}

/** Compares what arrived with what there was. */
export function prove(simulated: number, events: readonly DeliveredEvent[]): Summary {
  const idsOf = (detailType: string) =>
    events.filter((event) => event['detail-type'] === detailType).map(({ detail }) => detail['id']);
  const audit = idsOf(DETAIL_TYPE.audit);
  const diffs = idsOf(DETAIL_TYPE.policyDiff);
  const distinct = new Set(audit).size;
  const policyChanges = events.filter(
    ({ detail }) => detail['stream'] === 'audit' && detail['action'] === 'acl:update',
  ).length;
  return {
    simulated,
    emitted: audit.length,
    distinct,
    duplicates: audit.length - distinct,
    diffs: diffs.length,
    ok:
      audit.length === simulated &&
      distinct === simulated &&
      new Set(diffs).size === policyChanges &&
      diffs.length === policyChanges,
  };
}

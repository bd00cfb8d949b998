import type { InstallationRecord } from '../domain/checkpoint';
import type { Deadline } from '../domain/deadline';
import type { PublishedId } from '../domain/published-id';
import type { Quarantined } from '../domain/quarantine';

/** A connector's quarantine as the ledger has it. Needs no lease. All of it throws ConnectorError STATE_UNAVAILABLE or STATE_INVALID. */
export interface QuarantineLedger {
  /** Waiting entries in the order of their keys, a page of the table at a time. @param after Begins after the entry of this id; null: with the first. */
  waiting(after: string | null): AsyncGenerator<readonly Quarantined[], void, void>;
  /** Those that are not marked yet are, so that a later run leaves them out. */
  markPublished(publishedIds: readonly PublishedId[]): Promise<void>;
  markRedriven(id: string): Promise<void>;
  /** undefined: the connector has never run. */
  installation(): Promise<InstallationRecord | undefined>;
}

export type OpenQuarantine = (connector: string, deadline: Deadline) => QuarantineLedger;

import type { HealthRecord, InstallationRecord, Place } from '../../lib/domain/checkpoint';
import type { Quarantined } from '../../lib/domain/quarantine';
import type { Millis, Window } from '../../lib/domain/time';
import type { Clock } from '../../lib/domain/deadline';

/** The STATE item. */
export interface StateItem {
  readonly token: number;
  readonly owner: string;
  readonly leaseUntil: Millis;
  readonly rev: number;
  readonly wm: Millis;
  readonly failStreak: number;
  readonly lastFailure: string | null;
  readonly lastCommitId: string | null;
  readonly notBefore: Millis | null;
  readonly previousLease: Millis;
  readonly working: { readonly records: readonly string[]; readonly deaths: number } | null;
  readonly health: HealthRecord;
  /** null until the first commit. */
  readonly checkpoint: Omit<Place, 'watermark'> | null;
}

/** Marks of one hour. */
export interface SeenBucket {
  readonly elements: Set<string>;
  /** Epoch seconds. */
  exp: number;
}

/** All items of one connector. */
export interface ConnectorItems {
  installation: InstallationRecord | undefined;
  state: StateItem | undefined;
  readonly seen: Map<string, SeenBucket>;
  readonly gaps: Map<string, Window>;
  readonly quarantine: Map<string, Quarantined>;
}

/** Told of every write at the moment it is applied, before anybody can read it. */
export interface TableWatch {
  /** A run takes the lease. */
  acquired?(runId: string, before: StateItem | undefined): void;
  committed?(runId: string, token: number, before: StateItem, after: StateItem): void;
  marked?(runId: string, elements: readonly string[]): void;
  /** A run is about to work on these records. */
  noted?(runId: string, records: readonly string[], deaths: number): void;
  /** After the entry is in the ledger. */
  quarantined?(runId: string, entry: Quarantined): void;
}

export interface InMemoryTable {
  readonly watch: TableWatch;
  /** Expired items are gone the second they may be. */
  of(connector: string): ConnectorItems;
  /** What an operator's rewind writes: the place is set back, and whoever holds the lease has lost it. */
  rewind(connector: string, to: Millis): void;
  /** The STATE item is deleted. */
  loseState(connector: string): void;
}

/** @param clock The service's own. */
export function createInMemoryTable(clock: Clock, watch: TableWatch = {}): InMemoryTable {
  const connectors = new Map<string, ConnectorItems>();
  const of = (connector: string): ConnectorItems => {
    const found: ConnectorItems = connectors.get(connector) ?? {
      installation: undefined,
      state: undefined,
      seen: new Map(),
      gaps: new Map(),
      quarantine: new Map(),
    };
    connectors.set(connector, found);
    for (const [bucket, { exp }] of found.seen) if (exp * 1000 <= clock.now()) found.seen.delete(bucket);
    return found;
  };
  return {
    watch,
    of,
    rewind(connector, to) {
      const items = of(connector);
      const { state, installation } = items;
      if (state === undefined || to > state.wm) return;
      if (installation !== undefined)
        items.installation = { ...installation, startFrom: Math.min(installation.startFrom, to) };
      const checkpoint = state.checkpoint && {
        ...state.checkpoint,
        inflight: null,
        sweeps: {
          hourly: { ...state.checkpoint.sweeps.hourly, inflight: null },
          daily: { ...state.checkpoint.sweeps.daily, inflight: null },
        },
      };
      items.state = {
        ...state,
        owner: '',
        lastCommitId: null,
        notBefore: null,
        working: null,
        wm: to,
        token: state.token + 1,
        rev: state.rev + 1,
        leaseUntil: 0,
        checkpoint,
      };
    },
    loseState(connector) {
      of(connector).state = undefined;
    },
  };
}

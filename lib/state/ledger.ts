import type { Quarantined, Window } from '../connector/ports';
import type { ConnectorItems } from './connector-items';
import { gapKey, quarantineKey } from './keys';

/** What a connector knows to be lost, and what it has put aside. Kept for good. */
export interface Ledger {
  recordGap(gap: Window): Promise<void>;
  recordQuarantine(entry: Quarantined): Promise<void>;
}

/** @param items Those of the ledger's partition. */
export function createLedger(items: ConnectorItems): Ledger {
  return {
    recordGap: ({ from, until }) => items.putNew(gapKey(from, until), { from, until }),
    recordQuarantine: ({ id, reason, object, at }) => items.putNew(quarantineKey(id), { id, reason, ...object, at, status: 'quarantined' }),
  };
}

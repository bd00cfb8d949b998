import type { Quarantined } from '../domain/quarantine';
import type { Window } from '../domain/time';
import type { ConnectorItems } from './connector-items';
import { gapKey, quarantineKey } from './keys';

/** What a connector knows to be lost, and what it has put aside. Kept for good. */
export interface Ledger {
  recordGap(gap: Window): Promise<void>;
  recordQuarantine(entry: Quarantined): Promise<void>;
}

/** Why an event was put aside that had been on the bus all the same. */
const UNPARSED = 'unparsed';

/** @param items Those of the ledger's partition. */
export function createLedger(items: ConnectorItems): Ledger {
  return {
    recordGap: ({ from, until }) => items.putNew(gapKey(from, until), { from, until }),
    async recordQuarantine({ id, reason, object, at, position }) {
      // Put aside again after a crash, the object is another one under the same key: the entry must describe the last.
      // What the bus has refused stays told from what was only unreadable, because that one is not on the bus.
      await items.update(quarantineKey(id), {
        set: [
          '#id = :id',
          '#bucket = :bucket',
          '#key = :key',
          '#sha256 = :sha256',
          '#bytes = :bytes',
          '#status = :quarantined',
          '#at = if_not_exists(#at, :at)',
          ...(position === null ? [] : ['#position = :position']),
          reason === UNPARSED ? '#reason = if_not_exists(#reason, :reason)' : '#reason = :reason',
        ],
        when: 'attribute_not_exists(#status) OR #status = :quarantined',
        values: { id, reason, ...object, at, quarantined: 'quarantined', ...(position === null ? {} : { position }) },
      });
    },
  };
}

import type { Quarantined } from '../domain/quarantine';
import type { Window } from '../domain/time';
import type { Condition, ConnectorItems } from './connector-items';
import { gapKey, quarantineKey } from './keys';

/** Gaps and quarantined entries of a connector. They never expire. */
export interface Ledger {
  readonly recordGap: (gap: Window) => Promise<void>;
  readonly recordQuarantine: (entry: Quarantined) => Promise<void>;
}

/** Reason of an event that is on the bus too. */
const UNPARSED = 'unparsed';

const isNotRedriven: Condition = {
  expression: '(attribute_not_exists(#status) OR #status = :waiting)',
  values: { waiting: 'quarantined' },
};

/** @param items Those of the ledger's partition. */
export function createLedger(items: ConnectorItems): Ledger {
  return {
    recordGap: ({ from, until }) => items.putNew(gapKey(from, until), { from, until }),
    async recordQuarantine({ id, reason, object, at, position }) {
      // Quarantined again after a crash, the entry describes the last object, which is under the same key. An event that
      // EventBridge rejected never becomes `unparsed`, because it is not on the bus.
      const isUnparsed = reason === UNPARSED;
      await items.write(quarantineKey(id), {
        set: {
          id,
          ...object,
          status: 'quarantined',
          ...(position === null ? {} : { position }),
          ...(isUnparsed ? {} : { reason }),
        },
        initial: { at, ...(isUnparsed ? { reason } : {}) },
        when: [isNotRedriven],
      });
    },
  };
}

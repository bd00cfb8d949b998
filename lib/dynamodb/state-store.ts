import type { StateStore } from '../ports/checkpoints';
import type { Clock } from '../domain/deadline';
import { createConnectorItems } from './connector-items';
import { createInstallation } from './installation';
import { parseState } from './items';
import { ledgerPartition, publishedPartition, STATE_KEY, statePartition } from './keys';
import { leaseEnd, takeLease } from './leased-checkpoint';
import { createLedger } from './ledger';
import { createLiveLease } from './live-lease';
import { createPublishedIds } from './published-ids';
import type { Table } from './table';

export interface StateStoreDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly newCommitId: () => string;
  /** 64 random hex digits. */
  readonly newIdKey: () => string;
}

/** Live state of all connectors in one DynamoDB table (pk, sk). */
export function createStateStore({ table, clock, newCommitId, newIdKey }: StateStoreDeps): StateStore {
  return {
    async acquire(connector, runId, deadline) {
      const items = createConnectorItems(table, statePartition(connector), deadline);
      const installation = await createInstallation(items, clock, newIdKey);
      const now = clock.now();
      const { taken, item } = await takeLease({
        items,
        sk: STATE_KEY,
        parse: parseState,
        owner: runId,
        now,
        leaseUntil: leaseEnd(now, deadline),
        set: { v: 1 },
        initial: { wm: installation.startFrom },
      });
      if (!taken) return { state: 'busy', watermark: item?.wm ?? null };
      const lease = createLiveLease({
        items,
        ledger: createLedger(createConnectorItems(table, ledgerPartition(connector), deadline)),
        publishedIds: createPublishedIds(createConnectorItems(table, publishedPartition(connector), deadline), clock),
        clock,
        newCommitId,
        installation,
        state: item,
      });
      return { state: 'acquired', lease };
    },
  };
}

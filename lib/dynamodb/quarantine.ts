import type { Clock, Deadline } from '../domain/deadline';
import type { PublishedId } from '../domain/published-id';
import type { Quarantined } from '../domain/quarantine';
import { createConnectorItems, keyBeginsWith, type Condition, type Item } from './connector-items';
import { readInstallation } from './installation';
import { parseQuarantined } from './items';
import { ledgerPartition, publishedPartition, quarantineKey, statePartition } from './keys';
import { createPublishedIds } from './published-ids';
import type { Table } from './table';

const isWaiting: Condition = { expression: '#status = :waiting', values: { waiting: 'quarantined' } };

/**
 * A connector's quarantine in the table (pk, sk), as lib/backfill redrives it. Needs no lease: it writes the ledger and
 * the published ids, never the checkpoint. Everything throws ConnectorError STATE_UNAVAILABLE or STATE_INVALID.
 */
export function createQuarantine({ table, clock }: { readonly table: Table; readonly clock: Clock }) {
  return (connector: string, deadline: Deadline) => {
    const open = (pk: string) => createConnectorItems(table, pk, deadline);
    const ledger = open(ledgerPartition(connector));
    const publishedIds = createPublishedIds(open(publishedPartition(connector)), clock);

    return {
      /** Waiting entries in the order of their ids after the given one, a page of the table at a time. */
      async *waiting(after: string | null): AsyncGenerator<readonly Quarantined[], void, void> {
        const from = after === null ? {} : { after: quarantineKey(after) };
        for await (const page of ledger.pages({ key: keyBeginsWith(quarantineKey('')), filter: isWaiting, ...from }))
          yield page.map(toQuarantined);
      },
      /** Adds the ids that are missing, so that a later tick does not publish them again. */
      async markPublished(elements: readonly PublishedId[]): Promise<void> {
        const seen = await publishedIds.load([...new Set(elements.map(({ bucket }) => bucket))]);
        await publishedIds.mark(elements.filter((element) => seen.status(element) !== 'same'));
      },
      installation: () => readInstallation(open(statePartition(connector))),
      /** EventBridge has accepted the entry. */
      async markRedriven(id: string): Promise<void> {
        // Refused when another redrive was first: the entry is redriven then, too.
        await ledger.write(quarantineKey(id), {
          set: { status: 'redriven', redrivenAt: clock.now() },
          when: [isWaiting],
        });
      },
    };
  };
}

function toQuarantined(item: Item): Quarantined {
  const { id, reason, at, position, bucket, key, sha256, bytes } = parseQuarantined(item);
  return { id, reason, at, object: { bucket, key, sha256, bytes }, position };
}

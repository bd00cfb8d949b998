import type { Millis } from '../domain/time';
import type { Acquisition, StateStore } from '../ports/checkpoints';
import type { Clock, Deadline } from '../domain/deadline';
import { ConnectorError } from '../domain/errors';
import { createConnectorItems, type ConnectorItems } from './connector-items';
import { parseInstallation, parseState, type InstallationItem, type StateItem } from './items';
import { INSTALLATION_KEY, ledgerPartition, STATE_KEY, statePartition } from './keys';
import { CLOCK_SKEW_MS, LEASE_SLACK_MS } from './lease';
import { createLedger } from './ledger';
import { createPublishedIds } from './published-ids';
import { reaching, type Table } from './table';
import { createLiveLease } from './live-lease';

/** How far back the very first run begins. */
const FIRST_RUN_MS = 5 * 60_000;

export interface StateStoreDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly newCommitId: () => string;
  /** 64 random hex digits. */
  readonly newIdKey: () => string;
}

/** Live state of all connectors in one DynamoDB table (pk, sk). */
export function createStateStore({ table, clock, newCommitId, newIdKey }: StateStoreDeps): StateStore {
  async function acquire(connector: string, runId: string, deadline: Deadline): Promise<Acquisition> {
    const items = createConnectorItems(table, statePartition(connector), deadline);
    const installation = await findInstallation(items, clock, newIdKey);
    const lease = await takeLease(items, runId, installation.startFrom, clock, deadline);
    if (!lease.taken) return { state: 'busy', watermark: lease.state?.wm ?? null };
    const ledger = createLedger(createConnectorItems(table, ledgerPartition(connector), deadline));
    const publishedIds = createPublishedIds({ table, connector, clock, deadline });
    return {
      state: 'acquired',
      lease: createLiveLease({
        items,
        ledger,
        publishedIds,
        table,
        clock,
        newCommitId,
        installation,
        state: lease.state,
      }),
    };
  }

  return { acquire: (connector, runId, deadline) => reaching(table, () => acquire(connector, runId, deadline)) };
}

/** Written before the lease and before the secret is read, so what happens between deploying and the credential is not lost. */
async function findInstallation(
  items: ConnectorItems,
  clock: Clock,
  newIdKey: () => string,
): Promise<InstallationItem & { readonly idKey: string }> {
  const found = await items.get(INSTALLATION_KEY);
  if (found === undefined) {
    const installedAt = clock.now();
    await items.putNew(INSTALLATION_KEY, {
      installedAt,
      startFrom: installedAt - FIRST_RUN_MS,
      idKey: newIdKey(),
      committed: false,
    });
  }
  const read = found ?? (await items.get(INSTALLATION_KEY));
  if (read === undefined)
    throw new ConnectorError(
      'STATE_UNAVAILABLE',
      'the GENESIS item was written but cannot be read back; the next run tries again',
    );
  const installation = parseInstallation(read);
  if (installation.idKey !== undefined) return { ...installation, idKey: installation.idKey };
  // Written by a version whose ids had no key.
  const keyed = await items.update(INSTALLATION_KEY, {
    set: ['#idKey = if_not_exists(#idKey, :idKey)'],
    when: 'attribute_exists(#pk)',
    values: { idKey: newIdKey() },
  });
  const idKey = keyed === 'refused' ? undefined : parseInstallation(keyed).idKey;
  if (idKey === undefined)
    throw new ConnectorError('STATE_UNAVAILABLE', 'the GENESIS item is gone; the next run makes a new one');
  return { ...installation, idKey };
}

type Lease =
  | { readonly taken: true; readonly state: StateItem }
  | { readonly taken: false; readonly state: StateItem | undefined };

async function takeLease(
  items: ConnectorItems,
  runId: string,
  startFrom: Millis,
  clock: Clock,
  deadline: Deadline,
): Promise<Lease> {
  const now = clock.now();
  const written = await items.update(STATE_KEY, {
    set: [
      '#owner = :owner',
      '#previousLease = if_not_exists(#leaseUntil, :zero)',
      '#leaseUntil = :leaseUntil',
      '#token = if_not_exists(#token, :zero) + :one',
      '#rev = if_not_exists(#rev, :zero)',
      '#wm = if_not_exists(#wm, :startFrom)',
      '#v = :one',
    ],
    when: 'attribute_not_exists(#leaseUntil) OR #leaseUntil < :past',
    values: {
      owner: runId,
      leaseUntil: now + deadline.remaining() + LEASE_SLACK_MS,
      zero: 0,
      one: 1,
      startFrom,
      past: now - CLOCK_SKEW_MS,
    },
  });
  if (written !== 'refused') return { taken: true, state: parseState(written) };
  const item = await items.get(STATE_KEY);
  const state = item && parseState(item);
  // Our own name in it: an earlier try of this very write had worked, and only its answer was lost.
  return state?.owner === runId ? { taken: true, state } : { taken: false, state };
}

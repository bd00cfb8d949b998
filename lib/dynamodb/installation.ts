import type { InstallationRecord } from '../domain/checkpoint';
import type { Clock } from '../domain/deadline';
import { ConnectorError } from '../domain/errors';
import { MINUTE } from '../domain/time';
import { itemExists, type ConnectorItems, type Item, type Update } from './connector-items';
import { parseInstallation } from './items';
import { INSTALLATION_KEY } from './keys';

/** How far before its installation a connector begins. */
const FIRST_RUN_MS = 5 * MINUTE;

/** undefined: the connector has never run, or its installation record has no key for ids yet. */
export async function readInstallation(items: ConnectorItems): Promise<InstallationRecord | undefined> {
  const found = await items.get(INSTALLATION_KEY);
  return found && toInstallation(found);
}

/** Written before the lease and before the secret is read, so that nothing between deploying and the credential is lost. */
export async function createInstallation(
  items: ConnectorItems,
  clock: Clock,
  newIdKey: () => string,
): Promise<InstallationRecord> {
  const found = (await items.get(INSTALLATION_KEY)) ?? (await create());
  if (found === undefined)
    throw new ConnectorError(
      'STATE_UNAVAILABLE',
      'the GENESIS item was written but cannot be read back; the next run tries again',
    );
  // Written by a version whose ids had no key.
  return toInstallation(found) ?? updateInstallation(items, { initial: { idKey: newIdKey() } });

  async function create(): Promise<Item | undefined> {
    const installedAt = clock.now();
    const startFrom = installedAt - FIRST_RUN_MS;
    await items.putNew(INSTALLATION_KEY, { installedAt, startFrom, idKey: newIdKey(), committed: false });
    return items.get(INSTALLATION_KEY);
  }
}

/** Changes the record, which must exist. */
export async function updateInstallation(items: ConnectorItems, update: Update): Promise<InstallationRecord> {
  const written = await items.update(INSTALLATION_KEY, { ...update, when: [itemExists] });
  const installation = written === 'refused' ? undefined : toInstallation(written);
  if (installation === undefined)
    throw new ConnectorError('STATE_UNAVAILABLE', 'the GENESIS item is gone; the next run makes a new one');
  return installation;
}

function toInstallation(item: Item): InstallationRecord | undefined {
  const { idKey, ...installation } = parseInstallation(item);
  return idKey === undefined ? undefined : { ...installation, idKey };
}

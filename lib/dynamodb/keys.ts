import { partitionKey } from '../contract/names';

export const statePartition = (connector: string) => partitionKey(connector, 'live');
export const publishedPartition = (connector: string) => partitionKey(connector, 'seen');
export const ledgerPartition = (connector: string) => partitionKey(connector, 'ledger');
export const backfillPartition = (connector: string) => partitionKey(connector, 'backfill');

export const INSTALLATION_KEY = 'GENESIS';
export const STATE_KEY = 'STATE';

export const gapKey = (from: number, until: number) =>
  `GAP#${new Date(from).toISOString()}#${new Date(until).toISOString()}`;
export const quarantineKey = (id: string) => `QUAR#${id}`;
export const sliceKey = (jobId: string, slice: number) => `${jobId}#${slice}`;

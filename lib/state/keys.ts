/** Key of an item: one partition for live state, others beside it, so that IAM can keep a backfill out of live state. */
export const statePartition = (connector: string) => `TN#${connector}`;
export const seenPartition = (connector: string) => `TN#${connector}#SEEN`;
export const ledgerPartition = (connector: string) => `TN#${connector}#LEDGER`;
export const backfillPartition = (connector: string) => `TN#${connector}#BF`;

export const GENESIS_KEY = 'GENESIS';
export const STATE_KEY = 'STATE';

export const gapKey = (from: number, until: number) => `GAP#${new Date(from).toISOString()}#${new Date(until).toISOString()}`;
export const quarantineKey = (id: string) => `QUAR#${id}`;
export const sliceKey = (jobId: string, slice: number) => `${jobId}#${slice}`;

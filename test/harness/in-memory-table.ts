import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { HealthRecord, InstallationRecord, Place } from '../../lib/domain/checkpoint';
import type { Clock } from '../../lib/domain/deadline';
import type { Quarantined } from '../../lib/domain/quarantine';
import type { Millis, Window } from '../../lib/domain/time';
import {
  INSTALLATION_KEY,
  ledgerPartition,
  publishedPartition,
  quarantineKey,
  STATE_KEY,
  statePartition,
} from '../../lib/dynamodb/keys';
import { createInMemoryDynamoDb, type InMemoryDynamoDb, type Item } from './in-memory-dynamodb';

/** The STATE item. */
export interface StateItem {
  readonly token: number;
  readonly owner: string;
  readonly leaseUntil: Millis;
  readonly rev: number;
  readonly wm: Millis;
  readonly failStreak: number;
  readonly notBefore: Millis | null;
  readonly working: { readonly records: readonly string[]; readonly deaths: number } | null;
  readonly health: HealthRecord;
  /** null until the first commit. */
  readonly checkpoint: Omit<Place, 'watermark'> | null;
}

/** The present items of one connector. */
export interface ConnectorItems {
  readonly installation: InstallationRecord | undefined;
  readonly state: StateItem | undefined;
  /** Published ids of one hour. */
  readonly seen: { get(bucket: string): { readonly elements: ReadonlySet<string> } | undefined };
  /** By `from until`. */
  readonly gaps: ReadonlyMap<string, Window>;
  readonly quarantine: ReadonlyMap<string, Quarantined>;
}

/** Called with every write at the moment it is applied, before anybody can read it. */
export interface TableWatch {
  /** A run takes the lease. */
  acquired?(runId: string, before: StateItem | undefined): void;
  committed?(runId: string, token: number, before: StateItem, after: StateItem): void;
  marked?(runId: string, elements: readonly string[]): void;
  /** A run is about to work on these records. */
  noted?(runId: string, records: readonly string[], deaths: number): void;
  quarantined?(runId: string, entry: Quarantined): void;
}

export interface InMemoryTable {
  readonly watch: TableWatch;
  readonly items: InMemoryDynamoDb;
  of(connector: string): ConnectorItems;
  /** As lib/operator's rewind, in one step. */
  rewind(connector: string, to: Millis): void;
  /** Deletes the STATE item. */
  loseState(connector: string): void;
}

/** @param clock The service's own. */
export function createInMemoryTable(clock: Clock, watch: TableWatch = {}): InMemoryTable {
  const items = createInMemoryDynamoDb(clock);
  const map = <Value>(pk: string, isOne: (sk: string) => boolean, entry: (item: Item) => [string, Value]) =>
    new Map(
      items
        .partition(pk)
        .filter(({ sk }) => isOne(sk?.S ?? ''))
        .map(entry),
    );
  const isQuarantineKey = (sk: string) => sk.startsWith(quarantineKey(''));
  const get = (connector: string, sk: string) => items.get(statePartition(connector), sk);

  return {
    watch,
    items,
    of: (connector) => ({
      get installation() {
        return view(get(connector, INSTALLATION_KEY), toInstallation);
      },
      get state() {
        return readState(get(connector, STATE_KEY));
      },
      seen: {
        get(bucket) {
          const elements = new Set<string>();
          for (let number = 0; ; number += 1) {
            const found = view(items.get(publishedPartition(connector), `${bucket}#${number}`), toElements);
            if (found === undefined) return number === 0 ? undefined : { elements };
            if (number === 0 && found.size < 500) return { elements: found };
            for (const element of found) elements.add(element);
          }
        },
      },
      get gaps() {
        return map(
          ledgerPartition(connector),
          (sk) => !isQuarantineKey(sk),
          (item): [string, Window] => {
            const { from, until } = unmarshall(item) as Window;
            return [`${from} ${until}`, { from, until }];
          },
        );
      },
      get quarantine() {
        return map(ledgerPartition(connector), isQuarantineKey, (item) => {
          const entry = toQuarantined(item);
          return [entry.id, entry];
        });
      },
    }),
    rewind(connector, to) {
      const state = get(connector, STATE_KEY);
      const installation = get(connector, INSTALLATION_KEY);
      if (state === undefined || to > Number(state['wm']?.N)) return;
      if (installation !== undefined)
        items.put({ ...installation, startFrom: number(Math.min(Number(installation['startFrom']?.N), to)) });
      const removed = ['owner', 'lastCommitId', 'notBefore', 'working', 'inflight'];
      const kept = Object.fromEntries(Object.entries(state).filter(([name]) => !removed.includes(name)));
      const sweeps = Object.entries(kept['sweeps']?.M ?? {}).map(([tier, sweep]) => [
        tier,
        { M: { ...sweep.M, inflight: { NULL: true } } },
      ]);
      items.put({
        ...kept,
        wm: number(to),
        leaseUntil: number(0),
        token: number(Number(kept['token']?.N) + 1),
        rev: number(Number(kept['rev']?.N) + 1),
        ...(sweeps.length === 0 ? {} : { sweeps: { M: Object.fromEntries(sweeps) as Item } }),
      });
    },
    loseState(connector) {
      items.delete(statePartition(connector), STATE_KEY);
    },
  };
}

const number = (value: number): AttributeValue => ({ N: String(value) });

const views = new WeakMap<Item, unknown>();

/** Items are never changed, only replaced: each is read once. */
function view<View>(item: Item | undefined, read: (item: Item) => View): View | undefined {
  if (item === undefined) return undefined;
  const found = (views.get(item) as View | undefined) ?? read(item);
  views.set(item, found);
  return found;
}

function toInstallation(item: Item): InstallationRecord {
  const unfixed = { tailnetKey: null, tailnetId: null };
  return { ...unfixed, ...(unmarshall(item) as Omit<InstallationRecord, keyof typeof unfixed>) };
}

interface StoredState extends Place, HealthRecord, Omit<StateItem, 'working' | 'health' | 'checkpoint'> {
  readonly working?: { readonly ids: Uint8Array; readonly deaths: number };
}

export const readState = (item: Item | undefined) => view(item, toState);

function toState(item: Item): StateItem {
  const stored = unmarshall(item) as Partial<StoredState> & Pick<StoredState, 'token' | 'rev' | 'wm'>;
  const { token, rev, wm, owner = '', leaseUntil = 0, failStreak = 0, notBefore = null, working } = stored;
  const { ending = null, progressAt = null, alert = null, owed = [], lastEventAt = null, matched = {} } = stored;
  const { inflight = null, dialect = null, sweeps } = stored;
  return {
    token,
    owner,
    leaseUntil,
    rev,
    wm,
    failStreak,
    notBefore,
    working: working === undefined ? null : { records: toNames(working.ids), deaths: working.deaths },
    health: { ending, progressAt, alert, owed, lastEventAt, matched },
    checkpoint: sweeps === undefined ? null : { inflight, dialect, sweeps },
  };
}

export const toNames = (ids: Uint8Array): string[] => Buffer.from(ids).toString('hex').match(/.{16}/g) ?? [];

const toElements = ({ ids }: Item) => new Set((ids?.BS ?? []).map((bytes) => Buffer.from(bytes).toString('hex')));

export function toQuarantined(item: Item): Quarantined {
  const stored = unmarshall(item) as Quarantined['object'] & Omit<Quarantined, 'position'> & { position?: string };
  const { id, reason, at, bucket, key, sha256, bytes, position = null } = stored;
  return { id, reason, at, position, object: { bucket, key, sha256, bytes } };
}

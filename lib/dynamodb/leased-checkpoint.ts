import type { Deadline } from '../domain/deadline';
import { ConnectorError } from '../domain/errors';
import type { Millis } from '../domain/time';
import type { CommitOptions } from '../ports/checkpoints';
import type { Condition, ConnectorItems, Item } from './connector-items';
import type { LeaseItem } from './items';

/** Milliseconds by which a lease outlasts a run that ends within it. */
const LEASE_SLACK_MS = 5_000;

/** Milliseconds after its end from which a lease counts as past: two machines' clocks differ. */
const CLOCK_SKEW_MS = 10_000;

/** When a lease ends that lasts as long as its run can. */
export const leaseEnd = (now: Millis, deadline: Deadline): Millis => now + deadline.remaining() + LEASE_SLACK_MS;

const leaseIsFree = (now: Millis): Condition => ({
  expression: '(attribute_not_exists(#leaseUntil) OR #leaseUntil < :past)',
  values: { past: now - CLOCK_SKEW_MS },
});
/** Every lease and every rewind raises the token. */
export const tokenIs = (token: number): Condition => ({
  expression: '#token = :heldToken',
  values: { heldToken: token },
});
/** Every commit raises the revision. */
const revisionIs = (revision: number): Condition => ({ expression: '#rev = :lastRev', values: { lastRev: revision } });

export interface LeaseRequest<Checkpoint> {
  readonly items: ConnectorItems;
  readonly sk: string;
  readonly parse: (item: Item) => Checkpoint;
  /** A name that no other run has. */
  readonly owner: string;
  readonly now: Millis;
  readonly leaseUntil: Millis;
  /** Attributes to write with the lease. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Attributes of a checkpoint that does not exist yet. */
  readonly initial: Readonly<Record<string, unknown>>;
  /** What must hold besides that the lease is free. */
  readonly when?: readonly Condition[];
}

/**
 * Takes the lease of a checkpoint, creating the checkpoint the first time.
 *
 * @returns the item as the lease was taken; otherwise the item that was in the way.
 */
export async function takeLease<Checkpoint extends LeaseItem>({
  items,
  sk,
  parse,
  owner,
  now,
  leaseUntil,
  set,
  initial,
  when = [],
}: LeaseRequest<Checkpoint>): Promise<
  { readonly taken: true; readonly item: Checkpoint } | { readonly taken: false; readonly item: Checkpoint | undefined }
> {
  const written = await items.update(sk, {
    set: { ...set, owner, leaseUntil },
    initial: { ...initial, rev: 0 },
    add: { token: 1 },
    copy: { previousLease: 'leaseUntil' },
    when: [leaseIsFree(now), ...when],
  });
  if (written !== 'refused') return { taken: true, item: parse(written) };
  const found = await items.get(sk);
  const item = found && parse(found);
  // Our own name in it: an earlier try of this write succeeded, and only its answer was lost.
  return item?.owner === owner ? { taken: true, item } : { taken: false, item };
}

export interface LeasedCheckpointDeps<State> {
  readonly items: ConnectorItems;
  readonly sk: string;
  /** The item as the lease was taken. */
  readonly acquired: LeaseItem;
  readonly checkpoint: State;
  readonly newCommitId: () => string;
  /** Message of LEASE_LOST. */
  readonly leaseLost: string;
  /** Every write renews the lease, and a timer does while nothing is written. Left out: the lease lasts as long as its run. */
  readonly renewal?: { readonly leaseUntil: () => Millis; readonly everyMs: Millis };
}

/** A checkpoint from the moment its lease is taken. A write succeeds only while no other run has taken a later token. */
export interface LeasedCheckpoint<State> {
  readonly checkpoint: State;
  /** See Lease in ports/checkpoints. */
  readonly suspects: ReadonlyMap<string, number>;
  /**
   * @param attributes What the item keeps of `next`.
   * @throws ConnectorError LEASE_LOST, STATE_UNAVAILABLE.
   */
  commit(next: State, attributes: object, options: CommitOptions): Promise<void>;
  /** @throws ConnectorError LEASE_LOST, STATE_UNAVAILABLE. */
  noteWork(records: readonly string[], deaths: number, attributes?: object): Promise<void>;
  write(attributes: object): Promise<'written' | 'refused'>;
  release(attributes?: object): Promise<'written' | 'refused'>;
}

export function createLeasedCheckpoint<State>({
  items,
  sk,
  acquired,
  newCommitId,
  leaseLost,
  renewal,
  ...initial
}: LeasedCheckpointDeps<State>): LeasedCheckpoint<State> {
  const isOurs = tokenIs(acquired.token);
  const suspects = suspectsOf(acquired.working);
  let { checkpoint } = initial;
  let revision = acquired.rev;
  const lost = () => new ConnectorError('LEASE_LOST', leaseLost);
  const renewed = () => (renewal === undefined ? {} : { leaseUntil: renewal.leaseUntil() });
  const write = (attributes: object) => items.write(sk, { set: { ...renewed(), ...attributes }, when: [isOurs] });
  const heartbeat = renewal && setInterval(() => void write({}).catch(() => undefined), renewal.everyMs).unref();

  /** A write may have been applied although its answer was lost; when it is sent again, it is refused. */
  async function isCommitted(commitId: string): Promise<boolean> {
    return (await items.get(sk))?.['lastCommitId']?.S === commitId;
  }

  return {
    get checkpoint() {
      return checkpoint;
    },
    suspects,
    async commit(next, attributes, { release, notBefore, stuckOn }) {
      const commitId = newCommitId();
      const written = await items.write(sk, {
        set: {
          ...attributes,
          ...(release === undefined ? renewed() : { leaseUntil: 0 }),
          rev: revision + 1,
          lastCommitId: commitId,
          notBefore,
          working: stuckOn === undefined ? undefined : toWorking([stuckOn], suspects.get(stuckOn) ?? 0),
        },
        when: [isOurs, revisionIs(revision)],
      });
      if (written === 'refused' && !(await isCommitted(commitId))) throw lost();
      revision += 1;
      checkpoint = next;
      if (release !== undefined) clearInterval(heartbeat);
    },
    async noteWork(records, deaths, attributes) {
      const written = await write({ ...attributes, working: toWorking(records, deaths) });
      if (written === 'refused') throw lost();
    },
    write,
    release(attributes) {
      clearInterval(heartbeat);
      return write({ ...attributes, leaseUntil: 0 });
    },
  };
}

/** Hex digits of one record's name: see idHalf. */
const NAME_DIGITS = 16;

function toWorking(records: readonly string[], deaths: number): NonNullable<LeaseItem['working']> {
  return { ids: Buffer.from(records.join(''), 'hex'), deaths };
}

/** Records that the previous run was working on when it died: a run that ends erases its note. */
function suspectsOf(note: LeaseItem['working']): ReadonlyMap<string, number> {
  const names =
    Buffer.from(note?.ids ?? [])
      .toString('hex')
      .match(new RegExp(`.{${NAME_DIGITS}}`, 'g')) ?? [];
  return new Map(names.map((name) => [name, (note?.deaths ?? 0) + 1]));
}

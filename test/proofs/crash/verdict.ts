import { createHash } from 'node:crypto';
import { namesOf, nameOf, type Detail } from './evidence';
import { OVERSIZE } from './records';
import type { Trial } from './trial';

/** Events that are published, then marked, together. A fault repeats at most two of these. */
const FLUSH_UNIT = 100;

export interface Verdict {
  /** Events on the bus, each counted once. */
  readonly delivered: number;
  readonly quarantined: number;
  readonly lost: number;
  /** Copies beyond the first. */
  readonly repeated: number;
  /** The most copies of one event. */
  readonly copies: number;
  /** Empty: every invariant holds. */
  readonly problems: readonly string[];
}

/** Judges what a run has left behind once it is at rest. @param faults How many faults hit it. */
export async function judge({ setup, evidence, witness }: Trial, faults: number): Promise<Verdict> {
  await witness.readWatermark();
  const delivered = evidence.delivered();
  const copies = new Map<string, Detail[]>();
  for (const event of delivered) copies.set(nameOf(event), [...(copies.get(nameOf(event)) ?? []), event]);
  const out = evidence.out();
  const expected = new Set(setup.api.records.flatMap(({ record }) => namesOf(record)));
  const lost = [...expected].filter((name) => !out.has(name));
  const strangers = [...out].filter((name) => !expected.has(name));
  const repeated = delivered.length - copies.size;
  const most = Math.max(0, ...[...copies.values()].map(({ length }) => length));
  const torn = [...copies.values()].filter(
    (all) => new Set(all.map(({ id }) => id)).size > 1 || all.some(({ revision }) => revision),
  );
  const marks = evidence.marks();
  const unpublished = (await evidence.seen()).filter((mark) => !marks.has(mark));
  const ledger = await evidence.ledgerKeys();
  const quarantined = evidence.quarantined();

  const claims: [holds: boolean, problem: string][] = [
    [lost.length === 0, `I1: ${lost.length} events are lost, first ${lost[0]}`],
    [
      ledger.length === quarantined.length && ledger.every((key) => evidence.archived(key) !== undefined),
      `I1: ${quarantined.length} events are in quarantine, the ledger has ${ledger.length}`,
    ],
    [strangers.length === 0, `I2: upstream never had ${strangers[0]}`],
    [
      delivered.filter(({ target }) => target.id === OVERSIZE).every((event) => holdsClaim(event, evidence.archived)),
      'I3: a claim check does not lead to the whole event',
    ],
    [repeated <= faults * 2 * FLUSH_UNIT, `I7: ${repeated} copies too many, after ${faults} faults`],
    [most <= 1 + 2 * faults, `I7: ${most} copies of one event, after ${faults} faults`],
    [
      torn.length === 0,
      `I8: copies of one event differ in their id, or call themselves revisions: ${torn[0]?.[0]?.target.id}`,
    ],
    [unpublished.length === 0, `I9: ${unpublished.length} are marked as seen and are not out`],
  ];
  const problems = [...witness.problems, ...claims.filter(([holds]) => !holds).map(([, problem]) => problem)];
  return {
    delivered: copies.size,
    quarantined: quarantined.length,
    lost: lost.length,
    repeated,
    copies: most,
    problems,
  };
}

function holdsClaim({ claimCheck }: Detail, archived: (key: string) => string | undefined): boolean {
  const json = claimCheck === null ? undefined : archived(claimCheck.key);
  return json !== undefined && createHash('sha256').update(json).digest('hex') === claimCheck?.sha256;
}

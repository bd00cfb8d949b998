/** The invariants that the simulation holds the connector to. */
export const INVARIANTS = {
  I1: 'at rest, everything that was visible inside the horizon is on the bus or in quarantine',
  I2: 'nothing is published that upstream did not show',
  I3: 'what is published holds the record',
  I4: 'at each commit everything that was visible, up to the new watermark, is out',
  I5: 'the watermark never goes back but by a rewind, or when lost state was announced',
  I6: 'commits are ordered by fencing token',
  I7: 'a copy follows only a crash, a lost answer or a lost lease, and two units of publishing at most',
  I8: 'all copies share the id, and no two records do',
  I9: 'only what was published is marked as seen',
  I10: 'the watermark stays behind both clocks',
  I12: 'after the faults, the connector is up to date within three ticks',
  I15: 'every event is of the tailnet that was fixed first',
  I16: 'windows and announced gaps leave no hole below the watermark',
  I17: 'no request starts in the reserve or after the run, and none is pending at its end',
  I18: 'every run ends',
  I19: 'the same seed gives the same history',
  I20: 'a run that had its time leaves more out than it found, and what it begins it brings out unit by unit',
  I21: 'no watermark is more than 20 minutes old without a health event that reached the bus, or is owed',
  I22: 'at rest, the last announcement of a silence is that it has ended',
  I23: 'only a record on which two runs in a row died is quarantined raw and reported, and it kills no third run',
  I24: 'published and marked records are not worked on again',
} as const;
export type Invariant = keyof typeof INVARIANTS;

export interface Violation {
  readonly invariant: Invariant;
  readonly message: string;
}

/** Keeps the first violation; what follows it is mostly its consequence. */
export interface Judge {
  readonly verdict: Violation | undefined;
  violated(invariant: Invariant, message: string): void;
}

export function createJudge(): Judge {
  let verdict: Violation | undefined;
  return {
    get verdict() {
      return verdict;
    },
    violated(invariant, message) {
      verdict ??= { invariant, message };
    },
  };
}

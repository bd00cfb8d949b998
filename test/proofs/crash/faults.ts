import type { Fate } from './trial';
import type { Run } from './run';

/** What happens at the one request that is hit. */
export interface Fault {
  readonly name: string;
  strike(run: Run): Promise<Fate> | Fate;
  /** Two sandboxes are invoked at the same instant. */
  readonly inTwo?: true;
  /** Hits every n-th of the requests that are asked for: those by which two sandboxes meet are much alike. */
  readonly everyNth: number;
  /** One lost request is no reason for an invocation to fail. */
  readonly mayFail: boolean;
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'killed-before',
    everyNth: 1,
    mayFail: false,
    strike: async (run): Promise<Fate> => {
      await run.kill();
      return 'before';
    },
  },
  {
    name: 'killed-after',
    everyNth: 1,
    mayFail: false,
    strike: async (run): Promise<Fate> => {
      await run.kill();
      return 'after';
    },
  },
  { name: 'cut-before', everyNth: 1, mayFail: false, strike: () => 'before' },
  { name: 'cut-after', everyNth: 1, mayFail: false, strike: () => 'after' },
  {
    name: 'frozen',
    everyNth: 2,
    mayFail: true,
    strike: async (run): Promise<Fate> => {
      await run.freeze();
      return 'passes';
    },
  },
  { name: 'cut-of-two', everyNth: 3, mayFail: false, inTwo: true, strike: () => 'after' },
];

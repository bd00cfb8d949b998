import { setTimeout as sleep } from 'node:timers/promises';
import type { Millis } from '../../lib/domain/time';
import type { Clock } from '../../lib/domain/deadline';
import type { JobReader } from '../../lib/operator/backfill-progress';
import type { Terminal } from '../cli';
import { parsePlan, type Plan } from './answers';
import { createDisplay } from './display';
import { createPace } from './pace';
import type { ExecutionStanding, Workflow } from './workflow';

/** Milliseconds between two looks: short jobs end soon, and long ones need not be asked that often. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 3_000;

export interface Watched {
  readonly workflow: Pick<Workflow, 'look' | 'planOf'>;
  readonly jobs: JobReader;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly interruption: AbortSignal;
}

export interface Outcome {
  readonly standing: ExecutionStanding;
  /** null: it never got as far. */
  readonly plan: Plan | null;
}

/**
 * Shows how far an execution is, until it has ended.
 *
 * @returns null: the operator went away before that.
 */
export async function watch(
  name: string,
  { workflow, jobs, terminal, clock, interruption }: Watched,
): Promise<Outcome | null> {
  const display = createDisplay(terminal);
  const pace = createPace();
  let plan: Plan | null = null;
  try {
    for (let wait: Millis = FIRST_WAIT; ; wait = Math.min(LONGEST_WAIT, wait * 1.5)) {
      const standing = await workflow.look(name);
      if (plan === null) {
        const planned = await workflow.planOf(name);
        plan = planned === undefined ? null : parsePlan(planned);
        if (plan !== null) announce(plan, terminal);
      }
      if (plan !== null) {
        const now = clock.now();
        display.show(plan, pace(plan, await jobs.slices(plan.connector, plan.jobId), now), now);
      }
      if (standing.status !== 'RUNNING' && standing.status !== 'PENDING_REDRIVE') return { standing, plan };
      await sleep(wait, undefined, { signal: interruption }).catch(() => undefined);
      if (interruption.aborted) return null;
    }
  } finally {
    display.close();
  }
}

function announce({ jobId, connector, dialect, from, until, slices, notes, dryRun }: Plan, terminal: Terminal): void {
  terminal.note(
    `${dryRun ? 'Dry run of ' : ''}${jobId}: ${connector}, ${from} until ${until}, ${dialect} dialect, ${slices.length === 1 ? 'one slice' : `${slices.length} slices`}`,
  );
  for (const text of notes) terminal.note(`note: ${text}`);
}

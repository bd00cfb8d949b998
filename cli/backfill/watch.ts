import { setTimeout as sleep } from 'node:timers/promises';
import type { BackfillPlan } from '../../lib/contract/backfill';
import type { Clock } from '../../lib/domain/deadline';
import type { Millis } from '../../lib/domain/time';
import type { JobReader } from '../../lib/operator/backfill-progress';
import type { Execution, Terminal, Workflow } from '../cli';
import { parsePlan } from './answers';
import { createDisplay } from './display';
import { createPace } from './pace';

/** Milliseconds between two polls: short at first, because short jobs end soon. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 3_000;

export interface Watched {
  readonly workflow: Pick<Workflow, 'describe' | 'planOf'>;
  readonly jobs: JobReader;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly interruption: AbortSignal;
}

export interface Outcome {
  readonly execution: Execution;
  /** null if it failed before it was planned. */
  readonly plan: BackfillPlan | null;
}

/** Shows an execution's progress until it ends. @returns null if the operator interrupted it. */
export async function watch(name: string, watched: Watched): Promise<Outcome | null> {
  const { workflow, jobs, terminal, clock, interruption } = watched;
  const display = createDisplay(terminal);
  const pace = createPace();
  let plan: BackfillPlan | null = null;
  try {
    for (let wait: Millis = FIRST_WAIT; ; wait = Math.min(LONGEST_WAIT, wait * 1.5)) {
      const execution = await workflow.describe(name);
      if (plan === null) {
        const planned = await workflow.planOf(name);
        plan = planned === undefined ? null : parsePlan(planned);
        if (plan !== null) showPlan(plan, terminal);
      }
      if (plan !== null) {
        const now = clock.now();
        display.show(plan, pace(plan, await jobs.slices(plan.connector, plan.jobId), now), now);
      }
      if (execution.status !== 'RUNNING' && execution.status !== 'PENDING_REDRIVE') return { execution, plan };
      await sleep(wait, undefined, { signal: interruption }).catch(() => undefined);
      if (interruption.aborted) return null;
    }
  } finally {
    display.close();
  }
}

function showPlan(plan: BackfillPlan, terminal: Terminal): void {
  const { jobId, connector, dialect, from, until, slices, notes, dryRun } = plan;
  terminal.note(
    `${dryRun ? 'Dry run of ' : ''}${jobId}: ${connector}, ${from} until ${until}, ${dialect} dialect, ${slices.length === 1 ? 'one slice' : `${slices.length} slices`}`,
  );
  for (const text of notes) terminal.note(`note: ${text}`);
}

import type { Clock } from '../lib/domain/deadline';
import type { JobReader } from '../lib/operator/backfill-progress';
import type { Rewinder } from '../lib/operator/rewind';
import type { StatusReader } from '../lib/operator/status';
import type { Workflow } from './backfill/workflow';

/** What a command works with: everything outside this process. */
export interface Cli {
  readonly clock: Clock;
  readonly terminal: Terminal;
  readonly aws: Aws;
  /** Aborts when the operator presses Ctrl-C, which from this call on no longer ends the process; the second time it does. */
  interruption(): AbortSignal;
}

export interface Terminal {
  /** Lines of the result, as they are: the caller makes text from outside `visible`. */
  out(text: string): void;
  /** A line for people: progress, questions, what went wrong. It is made visible, and bounded. */
  note(line: string): void;
  /** Puts this text alone on the screen; null: the result goes to no terminal. */
  readonly redraw: ((text: string) => void) | null;
  /** Where progress can be drawn and drawn over; absent: nobody sees it. */
  readonly screen?: NodeJS.WritableStream;
  /** Asks for a yes; null: nobody is there to ask. */
  readonly confirm: ((question: string) => Promise<boolean>) | null;
}

/** AWS with the operator's own credentials. Every call throws CliError with what to do. */
export interface Aws {
  /** The stack's outputs by name. */
  stackOutputs(stack: string): Promise<Readonly<Record<string, string>>>;
  /** Invokes a function and waits for its answer. */
  invoke(functionName: string, payload: object): Promise<unknown>;
  rewinder(tableName: string): Rewinder;
  statusReader(tableName: string): StatusReader;
  /** @param stateMachineArn Of the state machine that runs long backfills. */
  workflow(stateMachineArn: string): Workflow;
  jobReader(tableName: string): JobReader;
}

/** Ends the command. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    message: string,
    /** 1: it failed. 2: it was asked for wrongly, and nothing was done. 3: `diff` found what it was asked to fail on. 4: `status` found a connector unhealthy. 130: the operator went away, and the work goes on. */
    readonly exitCode: 1 | 2 | 3 | 4 | 130 = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

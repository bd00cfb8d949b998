import type { Clock } from '../lib/domain/deadline';
import type { JobReader } from '../lib/operator/backfill-progress';
import type { Rewinder } from '../lib/operator/rewind';
import type { StatusReader } from '../lib/operator/status';

/** What a command uses outside this process. */
export interface Cli {
  readonly clock: Clock;
  readonly terminal: Terminal;
  readonly aws: Aws;
  /** Handles Ctrl-C from this call on: the first one aborts the signal, the second one ends the process. */
  interruption(): AbortSignal;
}

export interface Terminal {
  /** Writes the result to stdout unchanged: the caller escapes external text with `visible`. */
  out(text: string): void;
  /** Writes a line to stderr: progress, questions, errors. External text is escaped and cut. */
  note(line: string): void;
  /** Replaces the screen's content by this text; null if stdout is not a terminal. */
  readonly redraw: ((text: string) => void) | null;
  /** Stream on which progress bars can be redrawn; absent if stderr is not a terminal. */
  readonly screen?: NodeJS.WritableStream;
  /** Asks a yes-or-no question; null if there is no terminal. */
  readonly confirm: ((question: string) => Promise<boolean>) | null;
}

/** AWS with the operator's credentials. Every call throws CliError, whose message says what to do. */
export interface Aws {
  /** The stack's outputs by name. */
  stackOutputs(stack: string): Promise<Readonly<Record<string, string>>>;
  /** Invokes a function and returns its answer. */
  invoke(functionName: string, payload: object): Promise<unknown>;
  rewinder(tableName: string): Rewinder;
  statusReader(tableName: string): StatusReader;
  jobReader(tableName: string): JobReader;
  workflow(stateMachineArn: string): Workflow;
}

/** The deployed backfill state machine. */
export interface Workflow {
  executionArn(name: string): string;
  /** Starts an execution. Its name must be new. */
  start(name: string, input: object): Promise<void>;
  describe(name: string): Promise<Execution>;
  /** The plan in the execution's history; undefined before it is made. */
  planOf(name: string): Promise<unknown>;
  /** Some of the slices that failed finally. */
  failuresOf(name: string): Promise<readonly SliceFailure[]>;
}

export interface Execution {
  /** In the terms of Step Functions. */
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED' | 'PENDING_REDRIVE';
  /** Set once it has succeeded. */
  readonly output: unknown;
  /** Name of the error it failed with. */
  readonly error: string | null;
  readonly cause: string | null;
}

export interface SliceFailure {
  /** Input of the slice's execution. */
  readonly input: unknown;
  readonly error: string;
  readonly cause: string;
}

/** 0: done. 1: failed. 2: usage error, nothing was done. 3: `diff --fail-on` found such a change. 4: `status` found an unhealthy connector. 130: interrupted with Ctrl-C; the job continues. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 130;

/** Ends the command with this message and exit code. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    message: string,
    readonly exitCode: Exclude<ExitCode, 0> = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

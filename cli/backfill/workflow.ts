/** Where an execution stands, in the words of Step Functions. */
export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED' | 'PENDING_REDRIVE';

export interface ExecutionStanding {
  readonly status: ExecutionStatus;
  /** Once it has succeeded. */
  readonly output: unknown;
  /** Once it has failed: the error's name, and what more there is to say. */
  readonly error: string | null;
  readonly cause: string | null;
}

/** Why a slice failed. */
export interface SliceFailure {
  /** What the slice was started with. */
  readonly input: unknown;
  readonly error: string;
  readonly cause: string;
}

/** The deployed state machine. Every call throws CliError with what to do. */
export interface Workflow {
  executionArn(name: string): string;
  /** Starts an execution of this name. A name is taken once. */
  start(name: string, input: object): Promise<void>;
  look(name: string): Promise<ExecutionStanding>;
  /** What the execution has planned; undefined: nothing yet. */
  planOf(name: string): Promise<unknown>;
  /** The slices that have failed for good, a few of them. */
  failuresOf(name: string): Promise<readonly SliceFailure[]>;
}

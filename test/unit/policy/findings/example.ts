/** A change and what it must, or must not, be reported as. */
export interface Example {
  readonly what: string;
  readonly old: unknown;
  readonly next: unknown;
}

export interface Examples {
  readonly fires: readonly Example[];
  readonly keepsQuiet: readonly Example[];
}

/** dynalite 4 ships no types. Only what the gateway uses is declared. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface DynaliteOptions {
    /** Milliseconds a table stays in CREATING. */
    readonly createTableMs?: number;
    /** Milliseconds a table stays in DELETING. */
    readonly deleteTableMs?: number;
    /** Milliseconds a table stays in UPDATING. */
    readonly updateTableMs?: number;
    /** Folder of the LevelDB store; in memory without it. */
    readonly path?: string;
  }

  export default function dynalite(options?: DynaliteOptions): Server;
}

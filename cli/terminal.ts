import { clearScreenDown, cursorTo } from 'node:readline';
import { createInterface } from 'node:readline/promises';
import type { Terminal } from './cli';

/** A process's streams. `isTTY`: the stream is a terminal. */
export interface Streams {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Questions go to stderr, because stdout is for the result. */
export function createTerminal({ stdin, stdout, stderr }: Streams): Terminal {
  const confirm = async (question: string): Promise<boolean> => {
    const asking = createInterface({ input: stdin, output: stderr });
    // The end of the input (Ctrl-D) and an interrupt mean no.
    const closed = new Promise<string>((resolve) =>
      asking.once('close', () => {
        resolve('');
      }),
    );
    try {
      return /^y(?:es)?$/i.test((await Promise.race([asking.question(`${question} [y/N] `), closed])).trim());
    } finally {
      asking.close();
    }
  };
  const redraw = (text: string): void => {
    cursorTo(stdout, 0, 0);
    clearScreenDown(stdout);
    stdout.write(`${text}\n`);
  };
  return {
    redraw: stdout.isTTY === true ? redraw : null,
    out: (line) => void stdout.write(`${line}\n`),
    note: (line) => void stderr.write(`${line}\n`),
    ...(stderr.isTTY === true ? { screen: stderr } : {}),
    confirm: stdin.isTTY === true && stderr.isTTY === true ? confirm : null,
  };
}

/** The first SIGINT from now on aborts the signal; the second one ends the process. */
export function interruption(signals: Pick<NodeJS.EventEmitter, 'once'>): AbortSignal {
  const controller = new AbortController();
  signals.once('SIGINT', () => {
    controller.abort();
  });
  return controller.signal;
}

import { createInterface } from 'node:readline/promises';
import type { Terminal } from './cli';

/** The process's own streams. Questions go to stderr: stdout belongs to the result. */
export function createTerminal({ stdin, stdout, stderr }: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>): Terminal {
  const confirm = async (question: string): Promise<boolean> => {
    const asking = createInterface({ input: stdin, output: stderr });
    // The end of the input (Ctrl-D) and an interrupt are no yes.
    const closed = new Promise<string>((resolve) => asking.once('close', () => { resolve(''); }));
    try {
      return /^y(?:es)?$/i.test((await Promise.race([asking.question(`${question} [y/N] `), closed])).trim());
    } finally {
      asking.close();
    }
  };
  return {
    out: (line) => void stdout.write(`${line}\n`),
    note: (line) => void stderr.write(`${line}\n`),
    confirm: stdin.isTTY && stderr.isTTY ? confirm : null,
  };
}

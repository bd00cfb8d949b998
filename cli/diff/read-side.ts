import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { isNativeError } from 'node:util/types';
import { CliError } from '../cli';

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; for a first policy give /dev/null as OLD',
  EISDIR: 'this is a folder; give the policy file in it',
  EACCES: 'it may not be read; check its permissions',
};

/**
 * The text of a policy file; `-` is stdin. Whether it is a policy is not asked here.
 *
 * @throws CliError that names the file and says what to do.
 */
export async function readSide(path: string, stdin: NodeJS.ReadableStream): Promise<string> {
  const bytes = await (path === '-' ? buffer(stdin) : readFile(path)).catch((error: unknown) => {
    throw unreadable(path, advice(error), error);
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw unreadable(path, 'it is not UTF-8 text; save the policy as UTF-8', error);
  }
}

function unreadable(path: string, why: string, cause: unknown): CliError {
  return new CliError(`cannot read ${path === '-' ? 'stdin' : path}: ${why}`, 1, { cause });
}

function advice(error: unknown): string {
  if (!isNativeError(error)) return 'unknown reason';
  return ('code' in error && typeof error.code === 'string' ? ADVICE[error.code] : undefined) ?? error.message;
}

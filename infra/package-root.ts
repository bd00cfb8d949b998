import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest folder at or above this file that has a package.json: the clone, or the installed package. */
export function packageRoot(from: string = __dirname): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from)
    throw new Error('No package.json above the construct: give bundlePath, the folder of the built function.');
  return packageRoot(parent);
}

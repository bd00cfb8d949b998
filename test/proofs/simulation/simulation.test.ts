import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../mutations/mutant';

/** Seeds that once found a mistake, of the connector or of its judge. */
const REGRESSIONS = [46, 190, 229, 453, 775, 1449, 1697, 3088];

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulation-'));
  file = await bundle('simulation', null, folder);
});
afterAll(() => rm(folder, { recursive: true }));

/** `npm run simulate`, in another process: within jest it takes ten times as long. */
const simulate = (...args: readonly string[]) =>
  new Promise<{ code: number | string; printed: string }>((resolve) => {
    execFile(process.execPath, [file, ...args], { maxBuffer: 2 ** 26 }, (error, printed) => {
      resolve({ code: error?.code ?? 0, printed });
    });
  });

it('keeps its promises through the faults of 25 seeds, and each kind of fault is among them [case 1] [case 4] [case 6] [case 7] [case 8] [case 13] [case 16] [case 17] [case 18]', async () => {
  const { code, printed } = await simulate('--seeds', '25');
  expect({ code, printed }).toEqual({ code: 0, printed: expect.stringMatching(/ 0 lost, 0 unexpected, /) as string });
});

it.each(REGRESSIONS)('keeps them through seed %i', async (seed) => {
  const { code, printed } = await simulate('--seeds', '1', '--seed', String(seed));
  expect({ code, printed }).toEqual({ code: 0, printed: expect.stringMatching(/ 0 lost, 0 unexpected, /) as string });
});

it('lives through the same history again when the seed is the same, and through another with another', async () => {
  const trace = (seed: string) =>
    simulate('--seeds', '1', '--trace', '--seed', seed).then(({ printed }) => printed.replace(/ in [\d.]+ s:/, ''));
  const [first, second, other] = [await trace('7'), await trace('7'), await trace('8')];
  expect(second).toBe(first);
  expect(other).not.toBe(first);
});

it('refuses an invalid number of seeds', async () => {
  expect(await simulate('--seeds', 'many')).toMatchObject({
    code: 1,
    printed: expect.stringContaining('--seeds N') as string,
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const TESTS = join(__dirname, '../..');

/** The cases of a poller of this log that are known to go wrong, by their numbers in the titles of tests. */
const COUNT = 75;

/** Numbers in titles of tests and of their groups; `it.each` has its title a few lines further down. */
function numbersIn(file: string): number[] {
  const source = readFileSync(join(TESTS, file), 'utf8');
  const titles =
    source.match(/(?<=^\s*(?:(?:it|describe)(?:\.each\([^]*?\))?\(\s*|\)\(\s*))(['"`]).*\[case \d+\].*\1,/gm) ?? [];
  return titles.flatMap((title) => [...title.matchAll(/\[case (\d+)\]/g)].map(([, number]) => Number(number)));
}

it('there is a test of every case', () => {
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));
  const found = new Set(files.flatMap(numbersIn));
  const missing = Array.from({ length: COUNT }, (_, index) => index + 1).filter((number) => !found.has(number));
  expect(missing).toEqual([]);
  expect(Math.max(...found)).toBe(COUNT);
});

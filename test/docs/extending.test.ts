import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { codesIn, page, ROOT } from './pages';

const PAGE = 'docs/extending.md';
const rows = page(PAGE)
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|')[1] ?? '');

it.each(rows)('%s: exists, unless it is marked as new', (cell) => {
  const paths = codesIn(cell);
  expect(paths.map((path) => existsSync(join(ROOT, path)))).toEqual(paths.map(() => !cell.includes('**new**')));
});

it('has the same two columns in each recipe', () => {
  const recipes = page(PAGE).split(/^## /m).slice(1);
  expect(recipes.length).toBeGreaterThanOrEqual(7);
  expect(recipes.filter((recipe) => !recipe.includes('\n| file | what to write |\n')).map(([title]) => title)).toEqual(
    [],
  );
});

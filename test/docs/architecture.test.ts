import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { codesIn, page, ROOT, tableOf } from './pages';

const PAGE = 'docs/architecture.md';
const [flow = '', imports = ''] = [...page(PAGE).matchAll(/```mermaid\n(.+?)```/gs)].map(([, picture]) => picture);
const { MAY_IMPORT } = jest.requireActual<{ readonly MAY_IMPORT: Readonly<Record<string, readonly string[]>> }>(
  '../../.dependency-cruiser.cjs',
);

/** Lines of the label of each node. */
const nodesOf = (picture: string): [string, string[]][] =>
  [...picture.matchAll(/(\w+)\["(.+?)"\]/g)].map(([, id = '', label = '']) => [id, label.split('<br/>')]);

/** Edges `a --> b & c` as pairs of folders; a node without a label names its folder. */
function importsIn(picture: string): string[] {
  const nodes = new Map(nodesOf(picture));
  const foldersOf = (id: string) => nodes.get(id) ?? [id];
  return [...picture.matchAll(/^ +(\w+) --> (.+)$/gm)].flatMap(([, from = '', to = '']) =>
    foldersOf(from).flatMap((importer) =>
      to
        .split(' & ')
        .flatMap(foldersOf)
        .map((one) => `${importer} -> ${one}`),
    ),
  );
}

it('names an existing file or folder in each box of the flow', () => {
  const paths = nodesOf(flow).map(([, lines]) => lines.at(-1) ?? '');
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

it('draws the import rules that lint enforces', () => {
  const isDrawn = (from: string, to: string) => !from.startsWith('lib/') || !/^lib\/(contract|domain)$/.test(to);
  const rules = Object.entries(MAY_IMPORT).flatMap(([from, allowed]) =>
    allowed.filter((to) => isDrawn(from, to)).map((to) => `${from} -> ${to}`),
  );
  expect(importsIn(imports).sort()).toEqual(rules.sort());
});

it('allows lib/contract, and lib/domain except in lib/contract, to every folder of lib', () => {
  const folders = Object.keys(MAY_IMPORT).filter((name) => name.startsWith('lib/') && name !== 'lib/contract');
  const bases = (name: string) => ['lib/contract', 'lib/domain'].filter((base) => base !== name);
  expect(folders.filter((name) => bases(name).some((base) => MAY_IMPORT[name]?.includes(base) !== true))).toEqual([]);
});

it('describes every folder of lib, and only existing folders', () => {
  const described = tableOf(PAGE, 'folder').flatMap(([folder = '']) => codesIn(folder));
  expect(described.filter((folder) => !existsSync(join(ROOT, folder)))).toEqual([]);
  expect(readdirSync(join(ROOT, 'lib')).filter((name) => !described.includes(`lib/${name}`))).toEqual([]);
});

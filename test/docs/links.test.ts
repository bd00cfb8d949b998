import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { scripts } from '../../package.json';
import { parseInvocation as parseManualInvocation } from '../../functions/backfill/invocation';
import { parseInvocation } from '../../functions/poll/invocation';
import { INVARIANTS } from '../proofs/simulation/judge';
import { codesIn, PAGES, ROOT, tableOf } from './pages';

const FOLDERS = ['.ci', 'cli', 'docs', 'examples', 'functions', 'infra', 'lib', 'local', 'test'];
const FILES = new Set(
  [
    ...readdirSync(ROOT),
    ...FOLDERS.flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })),
  ].map((path) => basename(path)),
);

/** Headings as GitHub makes anchors of them. */
const anchorsIn = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );

const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);

describe.each([...PAGES])('%s', (path, text) => {
  it('links to existing files and headings', () => {
    const links = matches(text, /\]\((?!https?:)([^)\s]+)\)/g);
    const isBroken = (link: string) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsIn(PAGES.get(target) ?? '').includes(anchor);
    };
    expect(links.filter(isBroken)).toEqual([]);
  });

  it('names existing files and folders', () => {
    // Files that a recipe creates, and addresses, are not meant.
    const prose = text.replaceAll(/^.*\*\*new\*\*.*$|https?:\/\/[^\s)]+/gm, '');
    const paths = matches(
      prose,
      /(?<![\w./-])((?:\.ci|cli|docs|examples|functions|infra|lib|local|test)(?:\/[\w.-]*\w)+)/g,
    );
    expect(paths.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
    const names = codesIn(prose).filter((code) => /^\.?[\w-][\w.-]*\.(?:cjs|json|md|mjs|ts)$/.test(code));
    expect(names.filter((name) => !FILES.has(name))).toEqual([]);
  });

  it('names existing npm scripts, and options of npm start', () => {
    const named = matches(text, /\bnpm (?:run (?:--silent )?)?((?<=run (?:--silent )?)[\w:-]+|start\b|test\b)/g);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    const start = readFileSync(join(ROOT, 'local/start.ts'), 'utf8');
    const options = matches(text, /npm start (?:--silent )?-- ([^`\n#]+)/g).flatMap((rest) => rest.match(/--[a-z-]+/g));
    expect(options.filter((option) => option !== '--help' && !start.includes(`'${option ?? ''}`))).toEqual([]);
  });

  it('shows valid invocations', () => {
    const connectors = [{ id: 'default', tailnet: '-', secretId: 'secret', dialect: 'auto' as const }];
    const invocations = matches(text, /(\{"action":[^}\n]*\})/g);
    for (const json of invocations) {
      const parse = /"(?:redrive|plan|slice|report)"/.test(json) ? parseManualInvocation : parseInvocation;
      expect(() => parse(JSON.parse(json), connectors)).not.toThrow();
    }
  });
});

it('finds links, invocations and options on the pages', () => {
  const all = [...PAGES.values()].join('\n');
  expect(all.match(/\]\((?!http)/g)?.length).toBeGreaterThan(20);
  expect(all.match(/\{"action":/g)?.length).toBeGreaterThan(3);
  expect(all.match(/npm start [^\n]*-- --/g)?.length).toBeGreaterThan(2);
});

it('explains in docs/delivery.md every invariant that the proofs check', () => {
  expect(tableOf('docs/delivery.md', 'invariant').map(([name]) => name)).toEqual(Object.keys(INVARIANTS));
});

describe('docs/adr', () => {
  const records = [...PAGES].filter(([path]) => /adr\/\d/.test(path));

  it.each(records)('%s is in the index', (path) => {
    expect(PAGES.get('docs/adr/README.md')).toContain(`](${basename(path)})`);
  });

  it.each(records)('%s has context, decision and consequences', (_path, text) => {
    expect(text.match(/^##? .+/gm)?.slice(1)).toEqual(['## Context', '## Decision', '## Consequences']);
  });
});

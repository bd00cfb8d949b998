import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { scripts } from '../../package.json';
import { parseInvocation as parseManualInvocation } from '../../functions/backfill/invocation';
import { parseInvocation } from '../../functions/poll/invocation';
import { INVARIANTS } from '../proofs/simulation/judge';
import { codesIn, PAGES, ROOT, tableOf } from './pages';

const ROOMS = ['.ci', 'cli', 'docs', 'examples', 'functions', 'infra', 'lib', 'local', 'test'];
const FILES = new Set(
  [
    ...readdirSync(ROOT),
    ...ROOMS.flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })),
  ].map((path) => basename(path)),
);

const withoutUrls = (text: string): string => text.replaceAll(/https?:\/\/[^\s)]+/g, '');

describe.each([...PAGES])('%s', (path, text) => {
  it('links only to what is there', () => {
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^https?:/.test(target));
    expect(targets.filter((target) => !existsSync(join(ROOT, dirname(path), target.replace(/#.*/, ''))))).toEqual([]);
  });

  it('names only files and folders that are there', () => {
    const named = [
      ...withoutUrls(text).matchAll(
        /(?<![\w./-])(?:\.ci|cli|docs|examples|functions|infra|lib|local|test)(?:\/[\w.-]*\w)+/g,
      ),
    ].map(([name]) => name);
    const files = codesIn(text).filter((code) => /^\.?[\w-][\w.-]*\.(?:cjs|json|md|mjs|ts)$/.test(code));
    expect(named.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
    expect(files.filter((name) => !FILES.has(name))).toEqual([]);
  });

  it('names only npm scripts that are there, and options that npm start has', () => {
    const named = [...text.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(start|test)\b)/g)].map(
      ([, script, short = '']) => script ?? short,
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    const start = readFileSync(join(ROOT, 'local/start.ts'), 'utf8');
    const options = [...text.matchAll(/npm start (?:--silent )?-- ([^`\n#]+)/g)].flatMap(
      ([, rest = '']) => rest.match(/--[a-z-]+/g) ?? [],
    );
    expect(options.filter((option) => option !== '--help' && !start.includes(`'${option}`))).toEqual([]);
  });

  it('shows only invocations that one of the functions takes', () => {
    const connectors = [{ id: 'default', tailnet: '-', secretId: 'secret', dialect: 'auto' as const }];
    const shown = [...text.matchAll(/\{"action":[^}\n]*\}/g)].map(([json]) => json);
    const isManual = (json: string) => /"action":"(?:redrive|plan|slice|report)"/.test(json);
    for (const json of shown)
      expect(() =>
        (isManual(json) ? parseManualInvocation : parseInvocation)(JSON.parse(json), connectors),
      ).not.toThrow();
  });
});

describe('what is held against the pages', () => {
  it('finds something on them', () => {
    const all = [...PAGES.values()].join('\n');
    expect(all.match(/\]\((?!http)/g)?.length).toBeGreaterThan(20);
    expect(all.match(/\{"action":/g)?.length).toBeGreaterThan(3);
    expect(all.match(/npm start [^\n]*-- --/g)?.length).toBeGreaterThan(2);
  });
});

describe('docs/architecture.md', () => {
  const folders = tableOf('docs/architecture.md', 'folder').flatMap(([folder = '']) => codesIn(folder));

  it('names folders that are there', () => {
    expect(folders.filter((folder) => !existsSync(join(ROOT, folder)))).toEqual([]);
  });

  it('names every folder of lib', () => {
    const there = readdirSync(join(ROOT, 'lib')).map((name) => `lib/${name}`);
    expect(there.filter((folder) => !folders.includes(folder))).toEqual([]);
  });
});

it('names in docs/delivery.md every invariant that the harnesses judge by', () => {
  expect(tableOf('docs/delivery.md', 'invariant').map(([name]) => name)).toEqual(Object.keys(INVARIANTS));
});

describe('docs/adr', () => {
  it('has each of its records in its index', () => {
    const records = readdirSync(join(ROOT, 'docs/adr')).filter((name) => name !== 'README.md');
    expect(records.filter((name) => PAGES.get('docs/adr/README.md')?.includes(`](${name})`) !== true)).toEqual([]);
  });

  it.each([...PAGES].filter(([path]) => /adr\/\d/.test(path)))(
    '%s says context, decision and consequences',
    (_path, text) => {
      expect(text.match(/^##? .+/gm)?.slice(1)).toEqual(['## Context', '## Decision', '## Consequences']);
    },
  );
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cli } from '../../cli/cli';
import { run } from '../../cli/program';
import { RULES } from '../../cli/status/health';
import { parseContext } from '../../infra/context';
import { parseExpectedActivity } from '../../lib/contract/expected-activity';
import { synthesize } from '../infra/synth';
import { codesIn, page, ROOT, tableOf } from './pages';

const PAGE = 'docs/operating.md';

/** The codes in the first column of a table. */
const listed = (head: string) => tableOf(PAGE, head).flatMap(([cell = '']) => codesIn(cell));

/** The first group of each match of `each` in the part of a source file that `part` matches. */
function namesIn(file: string, part: RegExp, each: RegExp): (string | undefined)[] {
  const [text = ''] = part.exec(readFileSync(join(ROOT, file), 'utf8')) ?? [];
  return [...text.matchAll(each)].map(([, name]) => name).sort();
}

it('explains every error code', () => {
  expect(listed('code').sort()).toEqual(namesIn('lib/domain/errors.ts', /type ErrorCode =[^;]+;/, /'([A-Z_]+)'/g));
});

it("explains every count in a redrive's answer", () => {
  const fields = namesIn('lib/backfill/redrive.ts', /interface RedriveReport .+?\n\}/s, /(\w+): (?:number|boolean);/g);
  expect(listed('answer').sort()).toEqual(fields);
});

it('explains every rule of status, with its level', () => {
  const documented = tableOf(PAGE, 'rule').map(([id = '', level]) => ({ id: codesIn(id).join(), level }));
  expect(documented).toEqual(RULES.map(({ id, level }) => ({ id, level })));
});

it('shows a valid list of expected activity', () => {
  const [, json = ''] = /```json\n(.+?)```/s.exec(page(PAGE)) ?? [];
  expect(parseExpectedActivity(JSON.parse(json))).toHaveLength(1);
});

describe('settings', () => {
  it('lists every context key', () => {
    const requested = new Set<string>();
    parseContext((key) => void requested.add(key));
    expect(listed('key').sort()).toEqual([...requested].sort());
  });

  it('has the defaults, written as on the command line', () => {
    const defaults = new Map(
      tableOf(PAGE, 'key').map(([key = '', value = '']) => [codesIn(key).join(), codesIn(value)[0]]),
    );
    expect(parseContext((key) => defaults.get(key))).toEqual({
      busName: 'tailscale-audit',
      ...parseContext(() => undefined),
    });
  });

  it('shows a valid cdk command', () => {
    const [command = ''] = /npx cdk deploy -c .+/.exec(page(PAGE)) ?? [];
    const values = [...command.matchAll(/-c (\w+)=(?:'([^']*)'|(\S+))/g)];
    const given = new Map(values.map(([, key = '', quoted, plain]) => [key, quoted ?? plain]));
    expect(parseContext((key) => given.get(key))).toMatchObject({
      overlapMinutes: 120,
      connectors: [{ id: 'prod', secret: { name: 'tailscale/prod' } }],
    });
  });
});

describe('the command', () => {
  const documented = listed('command').map((code) => /^tailscale-audit ([\w-]+)/.exec(code)?.[1] ?? '');
  const help = async (...command: readonly string[]): Promise<string> => {
    const lines: string[] = [];
    const print = (line: string) => void lines.push(line);
    await run([...command, '--help'], {
      clock: { now: () => 0 },
      terminal: { out: print, note: print, redraw: null, confirm: null },
      // Help calls no service.
      aws: {} as Cli['aws'],
      interruption: () => new AbortController().signal,
    });
    return lines.join('\n');
  };

  it('has the subcommands of the page', async () => {
    const [list = ''] = /^Commands:\n.+?\n\n/ms.exec(await help()) ?? [];
    const names = [...list.matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name);
    expect(names.filter((name) => name !== 'help')).toEqual(documented.filter((name) => name !== ''));
  });

  it('has the options of the page', async () => {
    const [section = ''] = /^## The command\n.+?^## /ms.exec(page(PAGE)) ?? [];
    const options = codesIn(section)
      .filter((code) => !code.startsWith('n'))
      .flatMap((code) => code.match(/--[a-z-]+/g) ?? []);
    const known = (await Promise.all(documented.filter((name) => name !== '').map((name) => help(name)))).join('\n');
    expect(options.length).toBeGreaterThan(5);
    expect(options.filter((option) => !known.includes(`${option} `))).toEqual([]);
  });
});

describe('alarms', () => {
  const alarms = tableOf(PAGE, 'alarm').map(([alarm = '', when = '', missing = '']) => ({
    name: codesIn(alarm).join(),
    metric: codesIn(when).join(),
    missingDataAlarms: missing.startsWith('alarm'),
  }));

  it('lists the alarms of the stack, with metric and treatment of missing data', () => {
    const deployed = Object.entries(synthesize().Resources).flatMap(([id, { Type, Properties }]) =>
      Type === 'AWS::CloudWatch::Alarm'
        ? {
            name: /Monitoring(\w+?)default/.exec(id)?.[1],
            metric: Properties['MetricName'],
            missingDataAlarms: Properties['TreatMissingData'] === 'breaching',
          }
        : [],
    );
    expect(alarms).toEqual(deployed);
  });

  it.each(alarms)('says what to do about $name', ({ name }) => {
    expect(page(PAGE)).toMatch(new RegExp(`^\\*\\*\`${name}\`:\\*\\* \\S`, 'm'));
  });
});

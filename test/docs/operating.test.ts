import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../cli/program';
import { RULES } from '../../cli/status/health';
import { parseContext } from '../../infra/context';
import { parseExpectedActivity } from '../../lib/contract/expected-activity';
import { synthesize } from '../infra/synth';
import { codesIn, page, ROOT, tableOf } from './pages';

const PAGE = 'docs/operating.md';

it('says of every error code what to do, and names no other', () => {
  const [, union = ''] =
    /export type ErrorCode =([^;]+);/.exec(readFileSync(join(ROOT, 'lib/domain/errors.ts'), 'utf8')) ?? [];
  const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code);
  expect(codes.length).toBeGreaterThan(20);
  expect(
    tableOf(PAGE, 'code')
      .flatMap(([code = '']) => codesIn(code))
      .sort(),
  ).toEqual(codes.sort());
});

describe('the settings', () => {
  const settings = tableOf(PAGE, 'key').map(
    ([key = '', standard = '']) => [codesIn(key).join(''), codesIn(standard)[0]] as const,
  );

  it('are all there, and no other', () => {
    const asked = new Set<string>();
    parseContext((key) => {
      asked.add(key);
      return undefined;
    });
    expect(settings.map(([key]) => key).sort()).toEqual([...asked].sort());
  });

  it('have the defaults that the page says, written as on the command line', () => {
    const standards = new Map(settings);
    expect(parseContext((key) => standards.get(key))).toEqual({
      busName: 'tailscale-audit',
      ...parseContext(() => undefined),
    });
  });

  it('take the command that the page shows', () => {
    const [command = ''] = /npx cdk deploy -c .+/.exec(page(PAGE)) ?? [];
    const given = new Map(
      [...command.matchAll(/-c (\w+)=(?:'([^']*)'|(\S+))/g)].map(([, key = '', quoted, plain]) => [
        key,
        quoted ?? plain,
      ]),
    );
    expect(given.size).toBe(2);
    expect(parseContext((key) => given.get(key))).toMatchObject({
      overlapMinutes: 120,
      connectors: [{ id: 'prod', secret: { name: 'tailscale/prod' } }],
    });
  });
});

it("explains every field of a redrive's answer that says how it went", () => {
  const [, report = ''] =
    /export interface RedriveReport \{(.+?)\n\}/s.exec(readFileSync(join(ROOT, 'lib/backfill/redrive.ts'), 'utf8')) ??
    [];
  const fields = [...report.matchAll(/readonly (\w+): (?:number|boolean);/g)].map(([, name = '']) => name);
  expect(fields.length).toBeGreaterThan(3);
  expect(
    tableOf(PAGE, 'answer')
      .flatMap(([field = '']) => codesIn(field))
      .sort(),
  ).toEqual(fields.sort());
});

describe('the command', () => {
  const [, section = ''] = /^## The command\n(.+?)^## /ms.exec(page(PAGE)) ?? [];
  const help = async (...args: readonly string[]): Promise<string> => {
    const lines: string[] = [];
    const print = (line: string) => void lines.push(line);
    const unreachable = () => Promise.reject(new Error('help asks nobody'));
    const aws = {
      stackOutputs: unreachable,
      invoke: unreachable,
      rewinder: () => ({ look: unreachable, rewind: unreachable }),
      statusReader: () => ({ read: unreachable }),
      workflow: () => ({
        executionArn: String,
        start: unreachable,
        describe: unreachable,
        planOf: unreachable,
        failuresOf: unreachable,
      }),
      jobReader: () => ({ slices: unreachable }),
    };
    await run([...args, '--help'], {
      clock: { now: () => 0 },
      terminal: { out: print, note: print, redraw: null, confirm: null },
      aws,
      interruption: () => new AbortController().signal,
    });
    return lines.join('\n');
  };
  const documented = tableOf(PAGE, 'command').map(
    ([command = '']) => /^`tailscale-audit ([\w-]+)/.exec(command)?.[1] ?? '',
  );

  it('has the subcommands that the page names', async () => {
    const [, list = ''] = /^Commands:\n(.+?)\n\n/ms.exec(await help()) ?? [];
    expect([...list.matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name).filter((name) => name !== 'help')).toEqual(
      documented,
    );
  });

  it('has the options that the page names', async () => {
    const options = codesIn(section).flatMap((code) =>
      [...code.replace(/^npm .+?(?: -- |$)/, '').matchAll(/--[a-z-]+/g)].map(([option]) => option),
    );
    const known = (await Promise.all(documented.map((command) => help(command)))).join('\n');
    expect(options.length).toBeGreaterThan(5);
    expect(options.filter((option) => !known.includes(`${option} `))).toEqual([]);
  });
});

it('has the rules that status judges by, each with its level', () => {
  const documented = tableOf(PAGE, 'rule').map(([id = '', level]) => ({ id: codesIn(id).join(), level }));
  expect(documented).toEqual(RULES.map(({ id, level }) => ({ id, level })));
});

it('shows a list of expected activity that is taken', () => {
  const [, json = ''] = /```json\n(.+?)```/s.exec(page(PAGE)) ?? [];
  expect(parseExpectedActivity(JSON.parse(json))).toHaveLength(1);
});

describe('the alarms', () => {
  const documented = tableOf(PAGE, 'alarm').map(([alarm = '', when = '', silence = '']) => ({
    name: codesIn(alarm).join(),
    metric: codesIn(when).join(),
    silenceIsBad: silence.startsWith('is an alarm'),
  }));

  it('are those that the stack makes for each connector, by metric and by what silence means', () => {
    const made = Object.entries(synthesize().Resources).flatMap(([id, { Type, Properties }]) =>
      Type === 'AWS::CloudWatch::Alarm'
        ? [
            {
              name: /Monitoring(\w+?)default/.exec(id)?.[1],
              metric: Properties['MetricName'],
              silenceIsBad: Properties['TreatMissingData'] === 'breaching',
            },
          ]
        : [],
    );
    expect(made.length).toBeGreaterThan(2);
    expect(documented).toEqual(made);
  });

  it.each(documented)('$name comes with what to do', ({ name }) => {
    expect(page(PAGE)).toMatch(new RegExp(`^\\*\\*On \`${name}\`:\\*\\* \\S`, 'm'));
  });
});

import { createColors } from 'picocolors';
import { toText as reportText } from '../../cli/backfill/summary';
import { toLine, toText } from '../../cli/status/table';
import { report } from '../../cli/status/report';
import { HOSTILE, HOSTILE_MB, longestLine, steering } from '../harness/hostile-text';
import { tailscaleAudit, type Ended } from './command';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from './control-plane';
import { diffHere, policyFolder } from './diff/diff-files';
import { connector, DAY, gateway, GENESIS, job, NOW, put, slice, status, table, WAITING } from './status-setting';

let plane: ControlPlane | undefined;
afterEach(() => plane?.close());

const run = async (options: ControlPlaneOptions, ...args: string[]): Promise<Ended> => {
  plane = await startControlPlane(options);
  return tailscaleAudit(args, { ...plane.environment, AWS_ENDPOINT_URL: gateway.url }, { now: () => NOW });
};
const answers = (answer: object) => ({ functions: { f: () => Promise.resolve(answer) } });
const fails = (message: string) => ({ functions: { f: () => Promise.reject(new Error(message)) } });

/** Nothing controls the terminal, and no line is longer than a message may be. */
function expectTame(
  { stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>,
  lines: { readonly stdout: number; readonly stderr: number },
): void {
  expect(steering(stdout + stderr)).toEqual([]);
  expect({ stdout: stdout.split('\n').length - 1, stderr: stderr.split('\n').length - 1 }).toEqual(lines);
  expect(longestLine(stdout + stderr)).toBeLessThan(2_600);
}

describe.each([
  ['short', HOSTILE],
  ['over 1 MB', HOSTILE_MB],
])('external text, %s', (_, text) => {
  const connection = {
    connector: text,
    ok: true,
    dialect: text,
    tailnet: text,
    credential: text,
    events: 1,
    skewMs: null,
    message: text,
  };

  it('stays one line in test-connection', async () => {
    expectTame(
      await run(
        answers({ ok: true, connectors: [connection, { ...connection, ok: false, code: text }] }),
        'test-connection',
        '--function',
        'f',
      ),
      { stdout: 2, stderr: 1 },
    );
  });

  it('stays one line in redrive', async () => {
    const answer = {
      connector: text,
      redriven: 1,
      refused: 1,
      skipped: 1,
      failed: 1,
      done: true,
      after: null,
      problems: [
        { id: text, problem: text },
        { id: 'b', problem: text },
      ],
    };
    expectTame(await run(answers({ connectors: [answer] }), 'redrive', '--function', 'f'), { stdout: 1, stderr: 4 });
  });

  it.each([['redrive'], ['test-connection']])('stays one line as the error of the function of %s', async (command) => {
    expectTame(await run(fails(text), command, '--function', 'f'), { stdout: 0, stderr: 1 });
  });

  it('stays one line as a field name of an answer', async () => {
    expectTame(
      await run(
        answers({ connectors: [{ [text]: text, connector: 'a', problems: [{ [text]: 1 }] }] }),
        'redrive',
        '--function',
        'f',
      ),
      { stdout: 0, stderr: 1 },
    );
  });

  it('stays one line in the report of a backfill', () => {
    const counts = { fetched: 1, emitted: 1, duplicates: 0, quarantined: 0 };
    const at = '2026-11-22T12:00:00Z';
    const printed = reportText(
      {
        jobId: 'j',
        connector: text,
        from: at,
        until: at,
        dialect: 'audit',
        dryRun: false,
        force: false,
        ...counts,
        byAction: { [text]: 1 },
        bySeverity: { high: 1 },
        notes: [text],
        done: true,
        startedAt: at,
        updatedAt: at,
      },
      [],
    );
    expectTame({ stdout: `${printed}\n`, stderr: '' }, { stdout: 13, stderr: 0 });
  });
});

it('is complete and escaped in JSON', async () => {
  const problems = [{ id: HOSTILE, problem: HOSTILE_MB }];
  const { stdout } = await run(
    answers({
      connectors: [
        { connector: HOSTILE, redriven: 1, refused: 0, skipped: 0, failed: 0, done: true, after: null, problems },
      ],
    }),
    'redrive',
    '--function',
    'f',
    '--json',
  );
  expect(steering(stdout)).toEqual([]);
  expect(stdout.split('\n')).toHaveLength(2);
  expect(JSON.parse(stdout)).toMatchObject({ connector: HOSTILE, problems });
});

describe('status', () => {
  const raw = () =>
    tailscaleAudit(
      ['status', '--table', table, '--connector', 'default'],
      { AWS_ENDPOINT_URL: gateway.url },
      { now: () => NOW },
    );
  /** The maximum size of an item. */
  const LONG = `${HOSTILE}${'\u001b[5m\r\n'.repeat(40_000)}`;
  const plain = { tailnetId: 'example.com', owner: 'run-7', id: 'bf-1' };
  const fill = async ({ tailnetId, owner, id }: typeof plain) => {
    const state = { owner, leaseUntil: NOW + DAY };
    await connector({ installation: { tailnetId }, state, ledger: { 'QUAR#a': WAITING } });
    await job(id);
    await slice(id, 0, { readTo: NOW - 3 * DAY });
  };

  it('has as many lines as with plain names', async () => {
    await fill(plain);
    const lines = (await status()).stdout.split('\n').length - 1;
    await fill({ tailnetId: LONG, owner: LONG, id: HOSTILE.replace('#', '') });
    await put('TN#default#LEDGER', `GAP#${HOSTILE}`, { from: HOSTILE });
    // The other job, and the entry that cannot be read.
    expectTame(await raw(), { stdout: lines + 1, stderr: 0 });
  });

  it('shows an invalid item on one line', async () => {
    await connector({ state: { dialect: LONG, sweeps: { [HOSTILE]: 1 } } });
    const { stdout, stderr, exitCode } = await raw();
    expect(exitCode).toBe(4);
    expectTame({ stdout, stderr }, { stdout: 15, stderr: 1 });
  });

  it("shows ids and names out of a stack's outputs as text", async () => {
    const id = 'dev\u202e\u0085\u200b';
    await connector({ id });
    await connector({ id: 'b' });
    const ended = await run(
      { stacks: { TailscaleAuditConnector: { TableName: table, Connectors: `${id},b` } } },
      'status',
    );
    expect(ended.stdout).toContain('dev\\u202e');
    expect(steering(ended.stdout + ended.stderr)).toEqual([]);
    await plane?.close();
    expectTame(
      await run(
        {
          stacks: {
            TailscaleAuditConnector: {
              TableName: `t\u202e${'x'.repeat(5_000)}`,
              Connectors: `a\u202e,${'b'.repeat(5_000)}`,
            },
          },
        },
        'rewind',
        '--to',
        'PT2H',
        '--yes',
        '--connector',
        'c',
      ),
      { stdout: 0, stderr: 1 },
    );
  });

  it('colors only its own words', () => {
    const one = report(
      HOSTILE,
      {
        installation: { ...GENESIS, tailnetId: HOSTILE },
        state: null,
        gaps: [],
        quarantine: { waiting: 0, unparsed: 0, redriven: 0, oldestAt: null },
        backfills: [],
        unreadable: [{ item: HOSTILE, problem: HOSTILE }],
      },
      NOW,
      { rules: [], matched: new Map(), quietAfterMs: DAY },
    );
    const printed = `${toText([one], createColors(true))}${toText([one, one], createColors(true))}${toLine(one)}`;
    expect(printed).toContain('\u001b[31munhealthy\u001b[39m');
    expect(steering(printed)).toEqual([]);
  });
});

it("diff escapes a policy's text, line by line", async () => {
  const folder = await policyFolder();
  const name = JSON.stringify(HOSTILE_MB);
  await folder.put('old.hujson', '{\n\t"groups": {"group:a": ["a@example.com"]}\n}\n');
  await folder.put(
    'new.hujson',
    `{\n\t// ${HOSTILE.replaceAll(/[\r\n]/g, '')}\n\t"groups": {"group:a": [${name}], ${name}: []},\n\t"acls": [{"action": "accept", "src": [${name}], "dst": ["*:*"]}]\n}\n`,
  );
  await folder.put('broken.hujson', `{${HOSTILE}`);
  try {
    const { stdout } = await folder.diff(['old.hujson', 'new.hujson']);
    expect(steering(stdout)).toEqual([]);
    expect(longestLine(stdout)).toBeLessThan(2_600);
    const refused = await diffHere([folder.file('old.hujson'), folder.file('broken.hujson'), '--fail-on', 'info']);
    expect(steering(refused.stdout + refused.stderr)).toEqual([]);
    expect(refused).toMatchObject({
      exitCode: expect.any(Number) as number,
      stderr: expect.stringMatching(/^[^\n]+\n$/) as string,
    });
    for (const format of ['--json', '--markdown'])
      expect(steering((await folder.diff(['old.hujson', 'new.hujson', format])).stdout.replaceAll('\t', ''))).toEqual(
        [],
      );
  } finally {
    await folder.remove();
  }
});

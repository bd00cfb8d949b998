import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Terminal as Emulator } from '@xterm/headless';
import { run } from '../../cli/program';
import { wire } from '../../cli/clients';
import { record } from '../../test/harness/environment';
import { openStage, type InMemoryPipeline } from '../../test/infra/workflow/stage';
import { HOUR, DAY } from '../../lib/domain/time';

/** Characters. */
const WIDTH = 140;
const HEIGHT = 80;

/** Milliseconds that the simulated tailnet needs for an answer, so that the progress is visible. */
const LATENCY = 400;

/** A terminal in which commands run one after the other. */
class Session {
  private readonly emulator = new Emulator({ cols: WIDTH, rows: HEIGHT, allowProposedApi: true, convertEol: true });
  /** The screen with the most bars so far. */
  busiest = '';
  private mostBars = 0;

  constructor(private readonly environment: Readonly<Record<string, string>>) {}

  /** @param interruption Ctrl-C. */
  async command(args: readonly string[], interruption = new AbortController().signal): Promise<number> {
    await this.write(`$ ${['tailscale-audit', ...args].join(' ')}\n`);
    Object.assign(process.env, this.environment);
    const screen = Object.assign(new Writable({ write: (chunk, _encoding, done) => void this.write(String(chunk)).then(() => { done(); }) }), { isTTY: true, columns: WIDTH });
    const line = (text: string) => void screen.write(`${text}\n`);
    const clock = { now: Date.now };
    const exitCode = await run(args, { clock, terminal: { out: line, note: line, redraw: null, screen, confirm: null }, aws: wire(clock), interruption: () => interruption });
    await new Promise<void>((resolve) => { screen.end(resolve); });
    return exitCode;
  }

  /** The screen's content as text. */
  text(): string {
    const { buffer: { active } } = this.emulator;
    return Array.from({ length: active.length }, (_, at) => active.getLine(at)?.translateToString(true) ?? '').join('\n').trimEnd();
  }

  private async write(text: string): Promise<void> {
    // Cursor up to the first bar: the current bars are complete.
    if (/\[\d+A/.test(text)) this.keepBusiest(this.text());
    await new Promise<void>((resolve) => { this.emulator.write(text, resolve); });
  }

  private keepBusiest(screen: string): void {
    const bars = screen.split('\n').filter((line) => line.startsWith('  from') && /#.*\.{4}/.test(line)).length;
    if (bars < this.mostBars) return;
    this.mostBars = bars;
    this.busiest = screen;
  }
}

function save(name: string, text: string): void {
  mkdirSync(__dirname, { recursive: true });
  writeFileSync(join(__dirname, `${name}.txt`), `${text}\n`);
  process.stderr.write(`${name}\n`);
}

async function saveCommand(name: string, stage: InMemoryPipeline, ...args: readonly string[]): Promise<void> {
  const session = new Session(stage.environment);
  const exitCode = await session.command(args);
  save(name, `${session.text()}\n\nexit code ${exitCode}`);
}

/** A month of a small tailnet. */
function month(): object[] {
  const more = [{ action: 'LOGIN' }, {}, { action: 'DELETE' }, { action: 'UPDATE', target: { id: 'tACL', name: 'example.com', type: 'TAILNET', property: 'ACL' }, old: '{}', new: '{"acls":[]}' }];
  return Array.from({ length: 2_000 }, (_, at) => record(2 * HOUR + (at * 29 * DAY) / 2_000, more[(at * 7) % 4]));
}

async function leaveAndComeBack(stage: InMemoryPipeline): Promise<void> {
  const session = new Session(stage.environment);
  const left = await session.command(['backfill', '--last', 'P3D', '--force'], AbortSignal.timeout(3 * LATENCY));
  const whole = session.text();
  const [, name = ''] = /Started (\S+)\./.exec(whole) ?? [];
  const back = new Session(stage.environment);
  const exitCode = await back.command(['backfill', '--attach', name]);
  save('backfill-attach', `${whole}\n\nexit code ${left}\n\n${back.text()}\n\nexit code ${exitCode}`);
}

async function main(): Promise<void> {
  Object.assign(process.env, { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' });
  const stage = await openStage({ dialect: 'configuration' });
  stage.world.api.add(month());
  const slow = stage.world.api.intercept(async () => {
    await new Promise((resolve) => setTimeout(resolve, LATENCY));
    return undefined;
  });
  await saveCommand('status', stage, 'status');
  await saveCommand('test-connection', stage, 'test-connection');
  await saveCommand('backfill-help', stage, 'backfill', '--help');
  await saveCommand('backfill-dry-run', stage, 'backfill', '--last', 'P28D', '--dry-run');
  const watched = new Session(stage.environment);
  const exitCode = await watched.command(['backfill', '--last', 'P28D', '--slice-hours', '96']);
  save('backfill', `${watched.busiest}\n\n[some seconds later]\n\n${watched.text()}\n\nexit code ${exitCode}`);
  await leaveAndComeBack(stage);
  slow();
  const failing = stage.world.api.intercept(() => ({ status: 401 }));
  await saveCommand('backfill-failed', stage, 'backfill', '--last', 'P2D', '--rerun', '1');
  failing();
  await stage.close();
}

void main();

import '../test/setup.cjs';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import Table from 'cli-table3';
import { createTwoFilesPatch } from 'diff';
import { Bench } from 'tinybench';
import { createEventBridgeBus } from '../lib/eventbridge/event-bus';
import { DETAIL_TYPE, EVENT_SOURCE } from '../lib/contract/names';
import { identify } from '../lib/events/identity/identify';
import { encodeAll } from '../lib/events/normalize';
import { diffPolicy } from '../lib/policy/policy-diff';
import { AnswerReader } from '../lib/tailscale/answer/answer-reader';
import { CONFIGURATION_ENVELOPE } from '../lib/tailscale/dialects/configuration';
import { LOCAL_CLIENT } from '../local/gateway/local-client';
import { startGateway } from '../local/gateway/server';
import { scalingTable } from './scaling';

/** What the product does, and the least that anything must do for it: only their ratio says something on another machine. */
interface Comparison {
  readonly name: string;
  readonly ours: () => unknown;
  readonly least: () => unknown;
}

const ROOT = join(__dirname, '..');
const FIXTURES = join(ROOT, 'test/fixtures');
const BUS = 'bench';
const EVENTS = 200;
const ENTRIES_A_REQUEST = 10;

const NAMES = { tailnetKey: 'example.com', idKey: '0'.repeat(64) };
const context = {
  connector: 'default',
  tailnetKey: 'example.com',
  mode: 'live',
  runId: 'run',
  receivedAt: 0,
  watermark: 0,
  severityProfile: 'spec',
  oauthClientId: null,
  expectedActivity: [],
} as const;

function inProcess(): Comparison[] {
  const records = readFileSync(join(FIXTURES, 'records.ndjson'), 'utf8').trim().split('\n');
  const [before = '', after = ''] = ['old', 'new'].map((side) =>
    readFileSync(join(FIXTURES, `policies/pairs/exit-node-and-ssh.${side}.hujson`), 'utf8'),
  );
  return [
    {
      name: `${records.length} records: normalize / parse and print JSON`,
      ours: () =>
        records.map((text) => JSON.stringify(encodeAll(identify(JSON.parse(text) as unknown, NAMES), context))),
      least: () => records.map((text) => JSON.stringify(JSON.parse(text))),
    },
    {
      name: 'a policy change: semantic diff / line diff',
      ours: () => diffPolicy(before, after),
      least: () => createTwoFilesPatch('old', 'new', before, after),
    },
  ];
}

/** 20 MB, in chunks as large as the network's. */
function readingAnAnswer(): Comparison {
  const records = readFileSync(join(FIXTURES, 'records.ndjson'), 'utf8').trim().split('\n').join();
  const times = Math.ceil(20_000_000 / records.length);
  const body = Buffer.from(
    `{"tailnetId":"example.com","logs":[${Array.from({ length: times }, () => records).join()}]}`,
  );
  const url = new URL('https://api.tailscale.com');
  return {
    name: `an answer of ${Math.round(body.length / 1e6)} MB: read record by record / JSON.parse of the whole`,
    ours: async () => {
      let at = 0;
      const next = () => Promise.resolve(at < body.length ? body.subarray(at, (at += 65_536)) : null);
      let count = 0;
      for await (const batch of new AnswerReader({ next, close: () => Promise.resolve() }, url, CONFIGURATION_ENVELOPE)
        .batches)
        count += batch.length;
      return count;
    },
    least: () => JSON.parse(body.toString()) as unknown,
  };
}

function coldStart(): Comparison {
  const node = (...args: readonly string[]) =>
    execFileSync(process.execPath, args, { env: { ...process.env, AWS_REGION: 'eu-central-1' } });
  return {
    name: 'cold start: load the bundled handler / start node',
    ours: () => node('-e', `require(${JSON.stringify(join(ROOT, 'dist/functions/poll/index.js'))})`),
    least: () => node('-e', '0'),
  };
}

function overSockets(client: EventBridgeClient): Comparison {
  const deadline = { remaining: () => 60_000, untilNear: () => 60_000, isNear: () => false, isOver: () => false };
  const bus = createEventBridgeBus({ client, busName: BUS });
  const events = Array.from({ length: EVENTS }, (_, number) => ({
    detailType: DETAIL_TYPE.audit,
    time: 0,
    detail: { number },
  }));
  return {
    name: `${EVENTS} events over a socket: publish / one full PutEvents after the other`,
    ours: () => bus.publish(events, deadline),
    least: async () => {
      for (let next = 0; next < EVENTS; next += ENTRIES_A_REQUEST) {
        const batch = events.slice(next, next + ENTRIES_A_REQUEST);
        await client.send(
          new PutEventsCommand({
            Entries: batch.map(({ detailType, detail }) => ({
              EventBusName: BUS,
              Source: EVENT_SOURCE,
              DetailType: detailType,
              Detail: JSON.stringify(detail),
            })),
          }),
        );
      }
    },
  };
}

async function main(): Promise<void> {
  const gateway = await startGateway();
  gateway.events.createBus(BUS);
  const client = new EventBridgeClient({ ...LOCAL_CLIENT, endpoint: gateway.url });
  const table = new Table({
    head: ['ours / least', 'ratio', 'ours (ms)', 'least (ms)'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right'],
  });
  for (const { name, ours, least } of [...inProcess(), readingAnAnswer(), overSockets(client), coldStart()]) {
    const bench = new Bench({ time: 1_000, iterations: 10 }).add('ours', ours).add('least', least);
    const [mine = NaN, bare = NaN] = (await bench.run()).map(({ result }) =>
      'latency' in result ? result.latency.p50 : NaN,
    );
    table.push([name, (mine / bare).toFixed(1), mine.toFixed(2), bare.toFixed(2)]);
  }
  console.log(table.toString());
  console.log(scalingTable());
  client.destroy();
  await gateway.close();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

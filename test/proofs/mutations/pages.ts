import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDeadline } from '../../../lib/domain/deadline';
import { MINUTE, type Millis } from '../../../lib/domain/time';
import type { Clock } from '../../../lib/domain/deadline';
import { createRewinder } from '../../../lib/operator/rewind';
import { createStateStore } from '../../../lib/dynamodb/state-store';
import { createTailscale } from '../../../lib/tailscale/client';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { startGateway } from '../../../local/gateway/server';
import { createTable } from '../../../local/gateway/table';
import { startTailnet } from '../../../local/tailnet/tailnet';
import { API_KEY, apiKey, createCredentials } from '../../unit/tailscale/setting';
import type { Call } from '../../harness/in-memory-io';
import { createPipeline, type InMemoryPipeline, type PipelineOptions } from '../../harness/in-memory-pipeline';
const CONNECTOR = 'default';
const TABLE = 'tailscale-audit';

/** Events that are published, then marked, together. */
const UNIT = 100;

/** Scenarios with one page of a log in memory. Each returns the problems found at its end. */
export const PAGE_SCENARIOS = {
  'killed in a page': killedInAPage,
  'known page': knownPage,
  'lease lost in a page': leaseLostInAPage,
  'slow answer': slowAnswer,
} as const;
export type PageScenario = keyof typeof PAGE_SCENARIOS;

/** Every run is killed when it begins the third unit of the page. */
async function killedInAPage(): Promise<string[]> {
  const pipeline = createPipeline({ dialect: 'audit', pageSize: 1_000 });
  addRecords(pipeline, 5 * UNIT);
  const problems: string[] = [];
  for (let run = 1; run <= 3; run += 1) {
    const before = pipeline.events.length;
    await killedAt(pipeline, 3, ({ name }) => name === 'NOTE');
    if (pipeline.events.length === before)
      problems.push(
        `I20: run ${run}, killed in the middle of the page, left nothing more on the bus than it had found`,
      );
    pipeline.now += 5 * MINUTE;
  }
  await pipeline.tick();
  return [...problems, ...judgeEnd(pipeline, 5 * UNIT, 3 * 2 * UNIT)];
}

/** Changes of a policy, and the same page again: nothing of it may be compared a second time. */
async function knownPage(): Promise<string[]> {
  const pipeline = createPipeline({ dialect: 'audit', pageSize: 1_000 });
  const changes = 20;
  for (let number = 0; number < changes; number += 1)
    pipeline.add(policyChange(number, pipeline.now - MINUTE), pipeline.now - MINUTE);
  const first = await cpuOf(() => pipeline.tick());
  pipeline.now += 5 * MINUTE;
  const second = await cpuOf(() => pipeline.tick());
  const isDear = second > first / MOST_KNOWN;
  return [
    ...(isDear
      ? [`I24: the page took ${first} ms of CPU when it was new, and ${second} ms when all of it was known`]
      : []),
    ...judgeEnd(pipeline, 2 * changes, 0),
  ];
}

/** A page that is known costs so much less than a new one: it is only read and hashed. */
const MOST_KNOWN = 8;

/** The watermark is set back in the middle of a page of thousands, and another run begins while the first one goes on. */
async function leaseLostInAPage(): Promise<string[]> {
  const gateway = await startGateway();
  const client = new DynamoDBClient({ ...LOCAL_CLIENT, endpoint: gateway.url });
  try {
    await createTable(gateway.url, TABLE);
    const table = { client, name: TABLE };
    let made = 0;
    const pipeline = createPipeline({
      dialect: 'audit',
      pageSize: 10_000,
      openState: (clock) =>
        createStateStore({ table, clock, newCommitId: () => `commit-${(made += 1)}`, newIdKey: () => '0'.repeat(64) }),
    });
    const clock: Clock = { now: () => pipeline.now };
    return await loseTheLease(pipeline, (to) =>
      createRewinder({ table, clock, deadline: createDeadline(clock, pipeline.now + MINUTE) }).rewind(CONNECTOR, to),
    );
  } finally {
    client.destroy();
    await gateway.close();
  }
}

/** Ticks within which a window is read whose answers are slow where they are long. */
const TICKS = 6;

/** No answer that speaks of more than a minute comes in time. */
async function slowAnswer(): Promise<string[]> {
  const server = await startTailnet({
    dialects: 'configuration',
    apiKeys: [API_KEY],
    clock: { now: () => pipeline.now },
  });
  const pipeline = createPipeline({
    openLog: (clock) =>
      createTailscale({
        apiUrl: server.url,
        credentials: createCredentials(apiKey()),
        clock,
        random: () => 0.5,
        wait: () => Promise.resolve(),
        // Real time: an answer within a busy process must not count as slow.
        timeoutMs: 400,
      }),
  });
  try {
    server.intercept(({ query }) =>
      Date.parse(query.get('end') ?? '') - Date.parse(query.get('start') ?? '') > MINUTE ? 'hang' : undefined,
    );
    const times = Array.from({ length: 8 }, (_, index) => pipeline.now - 5_000 - index * 30_000);
    server.add(
      times.map((time, index) => ({
        eventTime: new Date(time).toISOString(),
        eventGroupID: `g${index}`,
        action: 'UPDATE',
        target: { id: `n${index}`, type: 'NODE' },
      })),
    );
    for (let ticks = 0; ticks < TICKS; ticks += 1) {
      await pipeline.tick().catch(() => undefined);
      pipeline.now += MINUTE;
    }
    return judgeEnd(pipeline, times.length, 0);
  } finally {
    await server.close();
  }
}

/** As `lease lost in a page`, over any state. */
export async function loseTheLease(pipeline: InMemoryPipeline, rewind: (to: Millis) => unknown): Promise<string[]> {
  const count = 40 * UNIT;
  await pipeline.tick();
  pipeline.now += 5 * MINUTE;
  addRecords(pipeline, count);
  let other: Promise<unknown> | undefined;
  let isLost = false;
  pipeline.meanwhile = async ({ name }) => {
    // Several requests of a unit are under way at once.
    if (name !== 'publish' || pipeline.events.length < 15 * UNIT || isLost) return;
    isLost = true;
    await rewind(pipeline.now - 30 * MINUTE);
    other = pipeline.tick();
  };
  await pipeline.tick().catch(() => undefined);
  await other;
  return other === undefined ? ['I1: the page was never published in units'] : judgeEnd(pipeline, count, 2 * UNIT);
}

/** An in-memory pipeline for `loseTheLease`. */
export const pipelineOfLargePages = (options: PipelineOptions = {}): InMemoryPipeline =>
  createPipeline({ dialect: 'audit', pageSize: 10_000, ...options });

function judgeEnd({ events }: InMemoryPipeline, count: number, most: number): string[] {
  const ids = events.flatMap(({ detail }) => ('id' in detail && !('kind' in detail) ? [String(detail.id)] : []));
  const distinct = new Set(ids).size;
  return [
    ...(distinct === count ? [] : [`I1: ${count - distinct} of ${count} events are not on the bus`]),
    ...(ids.length - distinct <= most
      ? []
      : [`I7: ${ids.length - distinct} copies, and ${most} would be two units for each fault`]),
  ];
}

/** A tick that ends with the death of its run, before the n-th such request is served; or well, if there are fewer. */
export async function killedAt(pipeline: InMemoryPipeline, nth: number, isIt: (call: Call) => boolean): Promise<void> {
  let seen = 0;
  await new Promise<void>((died) => {
    pipeline.meanwhile = (call) => {
      if (!isIt(call) || (seen += 1) < nth) return Promise.resolve();
      died();
      return new Promise(() => undefined);
    };
    void pipeline.tick().then(() => {
      died();
    });
  });
  pipeline.meanwhile = () => Promise.resolve();
}

function addRecords(pipeline: InMemoryPipeline, count: number): void {
  for (let number = 0; number < count; number += 1) {
    const at = pipeline.now - 2 * MINUTE + number;
    pipeline.add(
      {
        id: `record-${number}`,
        action: 'device:update',
        created: new Date(at).toISOString(),
        eventGroupID: `g${number}`,
        target: { id: `n${number}`, type: 'device' },
      },
      at,
    );
  }
}

/** Rules in a policy: comparing two versions takes some milliseconds. */
const RULES = 250;

function policyChange(number: number, at: Millis): object {
  const policy = (port: number) =>
    `{\n  "acls": [\n${Array.from({ length: RULES }, (_, rule) => `    {"action": "accept", "src": ["group:g${rule}"], "dst": ["tag:t${rule}:${port + (rule % 7)}"]},\n`).join('')}  ],\n}\n`;
  return {
    id: `policy-${number}`,
    action: 'acl:update',
    created: new Date(at).toISOString(),
    eventGroupID: `p${number}`,
    target: { id: 'T1', type: 'acl' },
    old: policy(1_000 + number),
    new: policy(2_000 + number),
  };
}

async function cpuOf(work: () => Promise<unknown>): Promise<Millis> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / 1_000);
}

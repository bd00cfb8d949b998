import * as z from 'zod/mini';
import type { Dialect } from '../../../lib/domain/dialect';
import type { Millis } from '../../../lib/domain/time';
import { ENV } from '../../../lib/contract/settings';
import { OAUTH_CLIENT, openEnvironment, type TestEnvironment } from '../../harness/environment';
import { statePartition } from '../../../lib/dynamodb/keys';
import { CONNECTOR, createEvidence, isOurs, type Evidence } from './evidence';
import { POISON, THROTTLED } from './records';
import { createWitness, type Witness } from './witness';

/** Every run begins at the same instant, so that it has the same records, ids and hours as all others. */
const BEGINS: Millis = Date.parse('2026-03-10T12:30:00Z');

const OVERLAP_MINUTES = 1;

/** What happens to a request: it never reaches the server, it is carried out and never answered, or it goes its way. */
export type Fate = 'before' | 'after' | 'passes';

export interface Arrival {
  /** Counted from 1 by arrival, AWS's and Tailscale's together. */
  readonly number: number;
  /** `dynamodb UpdateItem STATE`, `events PutEvents`, `tailscale audit`. */
  readonly what: string;
}

export interface TrialOptions {
  readonly dialect: Dialect;
  readonly decide?: (arrival: Arrival) => Promise<Fate> | Fate;
  /** Records on a page of the audit dialect. By default more than one flush unit of 100. */
  readonly pageSize?: number;
}

/** The test environment of one run, and what was observed in it. */
export interface Trial {
  readonly setup: TestEnvironment;
  readonly evidence: Evidence;
  readonly witness: Witness;
  readonly arrivals: readonly Arrival[];
  readonly now: () => Millis;
  /** What the sandboxes' clocks must be ahead of the machine's. */
  readonly aheadMs: () => Millis;
  readonly advance: (ms: Millis) => void;
  close(): Promise<void>;
}

export async function openTrial({ dialect, decide = () => 'passes', pageSize = 110 }: TrialOptions): Promise<Trial> {
  let aheadMs = BEGINS - Date.now();
  const now = () => Date.now() + aheadMs;
  const environment = { LOG_LEVEL: 'WARN', [ENV.overlapMinutes]: String(OVERLAP_MINUTES) };
  const setup = await openEnvironment({
    dialect,
    secret: OAUTH_CLIENT,
    environment,
    api: { clock: { now }, pageSize },
  });
  const evidence = createEvidence(setup);
  const witness = createWitness({ evidence, api: setup.api, overlapMs: OVERLAP_MINUTES * 60_000 });
  const arrivals: Arrival[] = [];
  const arrive = (what: string): Arrival => {
    const arrival = { number: arrivals.length + 1, what };
    arrivals.push(arrival);
    return arrival;
  };

  setup.gateway.intercept(async (call) => {
    if (isOurs(call.body)) return undefined;
    const arrival = arrive([call.service, call.operation, ...itemOf(call.body)].join(' '));
    await witness.see(call);
    const fate = await decide(arrival);
    return fate === 'passes' ? undefined : `drop-${fate}`;
  });
  setup.api.intercept(async ({ endpoint }, proceed) => {
    const fate = await decide(arrive(`tailscale ${endpoint}`));
    if (fate === 'passes') return undefined;
    if (fate === 'after') proceed();
    return 'reset';
  });
  let busyOnce = true;
  setup.gateway.events.refuseEntries(({ Detail: detail = '' }) => {
    if (detail?.includes(POISON) === true) return { code: 'MalformedDetail', message: 'Detail is malformed.' };
    if (detail?.includes(THROTTLED) !== true || !busyOnce) return undefined;
    busyOnce = false;
    return { code: 'ThrottlingException', message: 'Rate exceeded' };
  });

  return {
    setup,
    evidence,
    witness,
    arrivals,
    now,
    aheadMs: () => aheadMs,
    advance: (ms) => {
      aheadMs += ms;
    },
    async close() {
      evidence.close();
      await setup.close();
    },
  };
}

const keyed = z.object({ pk: z.object({ S: z.string() }), sk: z.object({ S: z.string() }) });
const aboutItem = z.object({ Key: z.optional(keyed), Item: z.optional(keyed) });

/** What a request to the table is about: `STATE`, `GENESIS`, `SEEN`, `LEDGER`. Empty where it is about no single item. */
function itemOf(body: unknown): string[] {
  const { data } = z.safeParse(aboutItem, body);
  const key = data?.Key ?? data?.Item;
  if (key === undefined) return [];
  return [key.pk.S === statePartition(CONNECTOR) ? key.sk.S : key.pk.S.replace(/^.*#/, '')];
}

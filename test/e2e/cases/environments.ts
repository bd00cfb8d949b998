import type { Millis } from '../../../lib/domain/time';
import { openEnvironment, type TestEnvironment, type TestEnvironmentOptions } from '../../harness/environment';
import { createShiftedClock, type ShiftedClock } from './shifted-clock';
import { openTable, type TableView } from './table';

/** What a test may open; all of it is closed after the test. */
export interface TestEnvironments {
  open(options?: TestEnvironmentOptions): Promise<TestEnvironment>;
  table(setup: TestEnvironment, name?: string): TableView;
  clock(aheadMs?: Millis): ShiftedClock;
}

/** To be called at the top of a test file. */
export function createEnvironments(): TestEnvironments {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return {
    async open(options) {
      const setup = await openEnvironment(options);
      closing.push(() => setup.close());
      return setup;
    },
    table(setup, name) {
      const table = openTable(setup.gateway, name);
      closing.push(() => {
        table.close();
      });
      return table;
    },
    clock(aheadMs) {
      const clock = createShiftedClock(aheadMs);
      closing.push(() => {
        clock.remove();
      });
      return clock;
    },
  };
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** How many different events are on the bus, and how often the one that came most often has come. */
export function delivered(setup: TestEnvironment): { different: number; copies: number } {
  const counts = new Map<string, number>();
  for (const id of setup.auditIds()) counts.set(id, (counts.get(id) ?? 0) + 1);
  return { different: counts.size, copies: Math.max(0, ...counts.values()) };
}

/** Names of the targets that the audit events are about, in order. */
export const targets = ({ events }: TestEnvironment) =>
  events.flatMap(({ detail }) => (detail['stream'] === 'audit' ? [nameIn(detail['target'])] : []));

function nameIn(target: unknown): unknown {
  return typeof target === 'object' && target !== null && 'name' in target ? target.name : undefined;
}

/** The connector's words of itself. */
export const health = ({ events }: TestEnvironment) =>
  events.filter((event) => event['detail-type'] === 'Tailscale Connector Health').map(({ detail }) => detail);

/** A record about a target of this name. */
export const about = (name: string, fields: object = {}) => ({
  target: { id: `n${name}CNTRL`, name, type: 'NODE' },
  ...fields,
});

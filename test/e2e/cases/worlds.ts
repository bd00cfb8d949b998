import type { Millis } from '../../../lib/domain/time';
import { openWorld, type World, type WorldOptions } from '../../harness/world';
import { createShiftedClock, type ShiftedClock } from './shifted-clock';
import { openTable, type TableView } from './table';

/** What a test may open; all of it is closed after the test. */
export interface Worlds {
  open(options?: WorldOptions): Promise<World>;
  table(world: World, name?: string): TableView;
  clock(aheadMs?: Millis): ShiftedClock;
}

/** To be called at the top of a test file. */
export function createWorlds(): Worlds {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return {
    async open(options) {
      const world = await openWorld(options);
      closing.push(() => world.close());
      return world;
    },
    table(world, name) {
      const table = openTable(world.gateway, name);
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
export function delivered(world: World): { different: number; copies: number } {
  const counts = new Map<string, number>();
  for (const id of world.auditIds()) counts.set(id, (counts.get(id) ?? 0) + 1);
  return { different: counts.size, copies: Math.max(0, ...counts.values()) };
}

/** Names of the targets that the audit events are about, in order. */
export const targets = ({ events }: World) =>
  events.flatMap(({ detail }) => (detail['stream'] === 'audit' ? [nameIn(detail['target'])] : []));

function nameIn(target: unknown): unknown {
  return typeof target === 'object' && target !== null && 'name' in target ? target.name : undefined;
}

/** The connector's words of itself. */
export const health = ({ events }: World) =>
  events.filter((event) => event['detail-type'] === 'Tailscale Connector Health').map(({ detail }) => detail);

/** A record about a target of this name. */
export const about = (name: string, fields: object = {}) => ({
  target: { id: `n${name}CNTRL`, name, type: 'NODE' },
  ...fields,
});

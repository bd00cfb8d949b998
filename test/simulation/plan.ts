import type { Dialect, Millis } from '../../lib/connector/ports';
import type { DialectSetting } from '../../lib/contract/settings';
import { SPELLS, STRIKES, type OutageName, type SpellName, type Strike } from './faults';
import { createRandom, type Random } from './random';
import { planRecords, type PlannedRecord } from './records';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The one connector of every history. */
export const CONNECTOR = 'default';

/** The period of the rule. */
export const PERIOD_MS = 5 * MINUTE;

/** One invocation by the rule, and what it will meet. */
export interface PlannedTick {
  readonly at: Millis;
  /** Milliseconds the invocation may take. */
  readonly budgetMs: Millis;
  readonly strikes: readonly Strike[];
  readonly weather: readonly SpellName[];
}

/** Everything that a seed decides beforehand. */
export interface Plan {
  readonly seed: number;
  readonly setting: DialectSetting;
  /** What the tailnet speaks. */
  readonly dialect: Dialect;
  readonly overlapMinutes: number;
  readonly pageSize: number;
  readonly ticks: readonly PlannedTick[];
  readonly outages: readonly OutageName[];
  readonly records: readonly PlannedRecord[];
  /** When the faults stop. */
  readonly end: Millis;
}

/** A stretch of time with a tick every five minutes. */
export interface Phase {
  readonly from: Millis;
  readonly until: Millis;
}

/** Milliseconds that Lambda gives the function. */
const TIMEOUT_MS = 240_000;

export function planHistory(seed: number): Plan {
  const random = createRandom(seed, 'plan');
  const start = Date.UTC(2026, 10, 2) + random.int(0, DAY);
  const isCalm = random.chance(0.06);
  const violence = isCalm ? 0 : random.pick([0.15, 0.35, 0.6]);
  const dialect = random.pick<Dialect>(['audit', 'configuration']);
  const ticks: PlannedTick[] = [];
  const outages: OutageName[] = [];
  const phases: Phase[] = [];

  let now = start;
  const rounds = random.int(2, 5);
  for (let round = 0; round < rounds; round += 1) {
    const from = now;
    const spells = planSpells(random, isCalm || round === 0 ? 0 : violence, dialect);
    const count = random.int(6, 18);
    for (let number = 0; number < count; number += 1) {
      const weather = spells.filter(({ first, last }) => number >= first && number <= last).map(({ name }) => name);
      // The very first tick is left alone: an installation by a wrong clock begins where that clock says.
      ticks.push({ at: now, budgetMs: budget(random, weather), strikes: ticks.length === 0 ? [] : planStrikes(random, violence), weather });
      now += PERIOD_MS + random.int(-5_000, 5_000);
    }
    phases.push({ from, until: now });
    if (round === rounds - 1) break;
    if (random.chance(0.4)) now += planOutage(random, outages);
    else now = addQuietDays(random, ticks, now, violence);
  }
  const span = { start, end: now };
  const setting = random.pick<DialectSetting>(['auto', dialect, dialect]);
  const overlapMinutes = random.pick([10, 20, 60]);
  const records = planRecords(createRandom(seed, 'records'), { dialect, span, phases, overlapMinutes });
  const pageSize = random.pick(dialect === 'audit' ? [3, 10, 100, 400] : [10, 40, 400]);
  return { seed, setting, dialect, overlapMinutes, pageSize, ticks, outages, records, end: now };
}

function planStrikes(random: Random, violence: number): Strike[] {
  const strikes: Strike[] = [];
  while (strikes.length < 3 && random.chance(violence)) strikes.push({ name: random.pick(STRIKES), skip: random.int(0, random.pick([1, 4, 12])) });
  return strikes;
}

function planSpells(random: Random, violence: number, dialect: Dialect): { name: SpellName; first: number; last: number }[] {
  const spells: { name: SpellName; first: number; last: number }[] = [];
  while (spells.length < 2 && random.chance(violence)) {
    const name = random.chance(0.2) ? 'archive down' : random.pick(SPELLS);
    // Where the envelope names no tailnet, nobody could tell.
    if (name === 'another tailnet' && dialect === 'audit') continue;
    const first = random.int(0, 10);
    // Few requests go to the archive: it has to be down for long to be missed.
    spells.push(name === 'archive down' ? { name, first: 0, last: Infinity } : { name, first, last: first + random.int(0, 6) });
  }
  return spells;
}

function budget(random: Random, weather: readonly SpellName[]): Millis {
  return weather.includes('little time') ? random.int(11_500, 20_000) : TIMEOUT_MS;
}

function planOutage(random: Random, outages: OutageName[]): Millis {
  if (random.chance(0.06)) {
    outages.push('outage beyond the retention');
    return random.int(80 * DAY, 101 * DAY);
  }
  const isLong = random.chance(0.5);
  outages.push(isLong ? 'outage of days' : 'outage of hours');
  return isLong ? random.int(DAY, 8 * DAY) : random.int(HOUR, DAY);
}

/** Days in which little happens: ticks are far apart, so that months do not take an hour. */
function addQuietDays(random: Random, ticks: PlannedTick[], from: Millis, violence: number): Millis {
  let now = from;
  const count = random.int(3, 12);
  for (let number = 0; number < count; number += 1) {
    now += random.int(30 * MINUTE, 12 * HOUR);
    ticks.push({ at: now, budgetMs: TIMEOUT_MS, strikes: planStrikes(random, violence / 3), weather: [] });
  }
  return now + PERIOD_MS;
}

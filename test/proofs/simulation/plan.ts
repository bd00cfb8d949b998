import type { Dialect } from '../../../lib/domain/dialect';
import { MINUTE, HOUR, DAY, type Millis } from '../../../lib/domain/time';
import type { DialectSetting } from '../../../lib/contract/settings';
import { isLasting, SPELLS, STRIKES, type OutageName, type SpellName, type Strike } from './faults';
import { createRandom, type Random } from './random';
import { planRecords, type PlannedRecord } from './records';

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
  /** As the connector is deployed then. */
  readonly setting: DialectSetting;
}

/** Everything that a seed decides beforehand. */
export interface Plan {
  readonly seed: number;
  /** What the tailnet answers at first. */
  readonly dialect: Dialect;
  /** The dialect that an operator sets by hand in the middle of it; null: none. */
  readonly switchedTo: Dialect | null;
  /** As the connector is deployed when the faults stop. */
  readonly lastSetting: DialectSetting;
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

/** The tick that a seed's own strike is kept for. */
const TURN_TICK = 2;

/** Every so many seeds one has an outage of months. */
const LONG_OUTAGE_EVERY = 12;

/** Milliseconds that Lambda gives the function. */
const TIMEOUT_MS = 240_000;

export function planHistory(seed: number): Plan {
  const random = createRandom(seed, 'plan');
  const start = Date.UTC(2026, 10, 2) + random.int(0, DAY);
  const isCalm = random.chance(0.06);
  const violence = isCalm ? 0 : random.pick([0.15, 0.35, 0.6]);
  const dialect = random.pick<Dialect>(['audit', 'configuration']);
  const switchedTo = random.chance(0.2) ? (dialect === 'audit' ? 'configuration' : 'audit') : null;
  const ticks: Omit<PlannedTick, 'setting'>[] = [];
  const outages: OutageName[] = [];
  const phases: Phase[] = [];

  let now = start;
  const rounds = random.int(2, 5);
  for (let round = 0; round < rounds; round += 1) {
    const from = now;
    const spells =
      isCalm || round === 0
        ? []
        : planSpells(
            random,
            violence,
            dialect === 'audit' || switchedTo !== null,
            round === 1 ? SPELLS[seed % SPELLS.length] : undefined,
          );
    const count = spells.some(({ name }) => isLasting(name)) ? random.int(20, 40) : random.int(6, 18);
    for (let number = 0; number < count; number += 1) {
      const weather = spells.filter(({ first, last }) => number >= first && number <= last).map(({ name }) => name);
      // The very first tick is left alone: an installation by a wrong clock begins where that clock says.
      ticks.push({
        at: now,
        budgetMs: budget(random, weather),
        strikes: planStrikes(
          random,
          ticks.length === 0 ? 0 : violence,
          ticks.length === TURN_TICK ? seed : undefined,
          weather,
        ),
        weather,
      });
      now += PERIOD_MS + random.int(-5_000, 5_000);
    }
    phases.push({ from, until: now });
    if (round === rounds - 1) break;
    const isLongTurn = round === 0 && seed % LONG_OUTAGE_EVERY === 0;
    if (isLongTurn || random.chance(0.4)) now += planOutage(random, outages, isLongTurn);
    else now = addQuietDays(random, ticks, now, violence);
  }
  const span = { start, end: now };
  const setting = random.pick<DialectSetting>(['auto', dialect, dialect]);
  const lastSetting = switchedTo ?? setting;
  const switchAt = switchedTo === null ? Infinity : random.int(1, ticks.length - 1);
  const overlapMinutes = random.pick([10, 20, 60]);
  const records = planRecords(createRandom(seed, 'records'), {
    dialect,
    isSwitched: switchedTo !== null,
    span,
    phases,
    overlapMinutes,
  });
  const pageSize = random.pick(dialect === 'audit' && switchedTo === null ? [2, 3, 10, 400] : [10, 40, 400]);
  const set = ticks.map((tick, index) => ({ ...tick, setting: index < switchAt ? setting : lastSetting }));
  return { seed, dialect, switchedTo, lastSetting, overlapMinutes, pageSize, ticks: set, outages, records, end: now };
}

/** @param turn The seed's own strike comes too: seeds in a row have all of them between them. */
function planStrikes(random: Random, violence: number, turn?: number, weather: readonly SpellName[] = []): Strike[] {
  const strikes: Strike[] = [];
  const own = STRIKES[(turn ?? 0) % STRIKES.length];
  if (turn !== undefined && violence > 0 && own !== undefined) strikes.push({ name: own, skip: 0 });
  if (weather.includes('killed every time'))
    strikes.push({
      name: random.pick(['crash before a request', 'crash after a request', 'killed at a record']),
      skip: random.int(0, random.pick([4, 12, 40])),
    });
  while (strikes.length < 3 && random.chance(violence))
    strikes.push({ name: random.pick(STRIKES), skip: random.int(0, random.pick([1, 4, 12])) });
  return strikes;
}

/** @param turn The seed's own: seeds in a row have all of them between them. */
function planSpells(
  random: Random,
  violence: number,
  isNameless: boolean,
  turn: SpellName | undefined,
): { name: SpellName; first: number; last: number }[] {
  const spells: { name: SpellName; first: number; last: number }[] = [];
  while (spells.length < 2 && ((spells.length === 0 && turn !== undefined) || random.chance(violence))) {
    const name = spells.length === 0 && turn !== undefined ? turn : random.pick(SPELLS);
    // Where the envelope names no tailnet, nobody could tell.
    if (name === 'another tailnet' && isNameless) break;
    const first = random.int(0, 10);
    // Few requests go to the archive: it has to be down for long to be missed.
    spells.push(isLasting(name) ? { name, first: 0, last: Infinity } : { name, first, last: first + random.int(0, 6) });
  }
  return spells;
}

function budget(random: Random, weather: readonly SpellName[]): Millis {
  return weather.includes('little time') ? random.int(5_000, 20_000) : TIMEOUT_MS;
}

function planOutage(random: Random, outages: OutageName[], isBeyond: boolean): Millis {
  if (isBeyond || random.chance(0.03)) {
    outages.push('outage beyond the retention');
    return random.int(80 * DAY, 101 * DAY);
  }
  const isLong = random.chance(0.5);
  outages.push(isLong ? 'outage of days' : 'outage of hours');
  return isLong ? random.int(DAY, 8 * DAY) : random.int(HOUR, DAY);
}

/** Days in which little happens: ticks are far apart, so that months do not take an hour. */
function addQuietDays(random: Random, ticks: Omit<PlannedTick, 'setting'>[], from: Millis, violence: number): Millis {
  let now = from;
  const count = random.int(3, 12);
  for (let number = 0; number < count; number += 1) {
    now += random.int(30 * MINUTE, 12 * HOUR);
    ticks.push({ at: now, budgetMs: TIMEOUT_MS, strikes: planStrikes(random, violence / 3), weather: [] });
  }
  return now + PERIOD_MS;
}

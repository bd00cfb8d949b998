import type { Millis } from '../../../lib/domain/time';
import { NoAnswer, type Call, type Io } from '../../harness/in-memory-io';
import { fateUnder, fits, struckFate, usualFate, type Fate, type FaultName } from './faults';
import { isGoing, type Run } from './run';
import type { SimulatedSystem } from './system';

/** Requests of one run. A run that makes more is going round in circles. */
const MOST_REQUESTS = 20_000;

/** Requests by which a run takes the lease, or finds that it cannot. */
const TAKING: readonly string[] = ['get GENESIS', 'put GENESIS', 'ACQUIRE', 'get STATE'];

/** Faults that end a run: what it did before counts as if it had met none. */
const KILLS: readonly FaultName[] = [
  'crash before a request',
  'crash after a request',
  'killed at a record',
  'killed every time',
];

/** What lies between a run and the services: it takes time, and it is where everything goes wrong. */
export function createTransport(system: SimulatedSystem, run: Run): Io {
  const { timeline, random, judge } = system;

  const log = (text: string) => {
    system.trace.add(timeline.now(), run.id, text);
  };

  /** Until then. Answers whether the process stood still meanwhile; a dead process never goes on. */
  async function pass(ms: Millis): Promise<boolean> {
    await timeline.wait(ms);
    let stoodStill = false;
    while (run.frozenUntil > timeline.now()) {
      stoodStill = true;
      await timeline.wait(run.frozenUntil - timeline.now());
    }
    if (run.hasCrashed) await new Promise(() => undefined);
    return stoodStill;
  }

  function judgeStart({ name, service, closing = false, deadline }: Call): void {
    run.requests += 1;
    if (!isGoing(run)) judge.violated('I17', `${run.id} asked ${service} for ${name} after it had ended`);
    // What is ready is still delivered in the reserve; only the last commit comes after that.
    const isLate = service === 'bus' || service === 'archive' ? deadline.isOver() : deadline.isNear();
    if (!closing && isLate)
      judge.violated('I17', `${run.id} began ${name} of ${service} with ${deadline.remaining()} ms left`);
    if (service === 'upstream') system.oracle.asksUpstream(run);
    if (run.hasLease && !TAKING.includes(name)) run.isIn = true;
    if (run.requests > MOST_REQUESTS) judge.violated('I18', `${run.id} has made ${run.requests} requests`);
  }

  function crash(): void {
    run.hasCrashed = true;
    run.endedAt = timeline.now();
    run.disturbances += 1;
    system.oracle.died(run);
  }

  function apply<Answer>(fate: Fate, effect: () => Answer): Answer {
    if (fate.answer !== undefined) throw fate.answer;
    return system.actingAs(run, fate.refuse, () => {
      if (fate.twice === true) effect();
      return effect();
    });
  }

  async function carry<Answer>(call: Call, fate: Fate, effect: () => Answer): Promise<Answer> {
    const limitMs = Math.max(1, Math.min(call.limitMs, call.deadline.remaining()));
    const isMark = call.service === 'bus' || call.name === 'add SEEN';
    const lose = (what: string): never => {
      if (isMark) run.disturbances += 1;
      if (call.service === 'bus') run.busLost = true;
      if (call.name === 'ALERTS') run.alertsLost = true;
      log(`  no answer to ${call.name}: ${what}`);
      throw new NoAnswer(what);
    };

    if (fate.crash === 'before') crash();
    if (fate.freeze?.when === 'before') run.frozenUntil = timeline.now() + fate.freeze.forMs;
    if ((await pass(Math.min(fate.thereMs, limitMs))) && random.chance(0.5)) lose('never sent');
    if (fate.thereMs >= limitMs) lose('too slow');
    if (fate.lost === 'request') {
      await pass(Math.min(fate.backMs, limitMs - fate.thereMs));
      lose('the request was lost');
    }
    if (fate.twice === true && isMark) run.disturbances += 1;
    if (fate.meanwhile !== undefined) system.happens(fate.meanwhile, run);
    log(`${call.name} ${call.about ?? ''}`);
    let outcome: { readonly answer: Answer } | { readonly error: unknown };
    try {
      outcome = { answer: apply(fate, effect) };
    } catch (error) {
      outcome = { error };
    }
    if (fate.crash === 'after' || run.isDoomed) crash();
    if (fate.freeze?.when === 'after') run.frozenUntil = timeline.now() + fate.freeze.forMs;
    if ((await pass(Math.min(fate.backMs, limitMs - fate.thereMs))) && random.chance(0.5))
      lose('the connection was gone');
    if (fate.lost === 'answer') lose('the answer was lost');
    if (fate.thereMs + fate.backMs > limitMs) lose('too slow');
    if ('error' in outcome) {
      log(`  ${call.name}: ${outcome.error instanceof Error ? outcome.error.message : 'failed'}`);
      throw outcome.error;
    }
    return outcome.answer;
  }

  return async (call, effect) => {
    // A dead process does nothing.
    if (run.hasCrashed) await new Promise(() => undefined);
    judgeStart(call);
    run.pending += 1;
    const fate = chooseFate(system, run, call);
    if (fate.fault !== undefined) {
      system.fired(fate.fault);
      if (!KILLS.includes(fate.fault)) run.isDisturbed = true;
      if (call.service === 'bus') run.busLost = true;
      log(`! ${fate.fault} (${call.name})`);
    }
    try {
      return await carry(call, fate, effect);
    } finally {
      run.pending -= 1;
    }
  };
}

/** A strike that is meant for this request, else what the weather does to it. */
function chooseFate(system: SimulatedSystem, run: Run, call: Call): Fate {
  const due = run.strikes.find((strike) => fits(strike.name, call));
  if (due !== undefined) {
    run.strikes = run.strikes.flatMap((strike) =>
      strike !== due ? [strike] : strike.skip === 0 ? [] : [{ ...strike, skip: strike.skip - 1 }],
    );
    if (due.skip === 0) return struckFate(due.name, call, system.random);
  }
  for (const spell of system.weather) {
    const fate = fateUnder(spell, call, system.random);
    if (fate !== undefined) return fate;
  }
  return usualFate(call, system.random);
}

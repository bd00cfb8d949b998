import * as z from 'zod/mini';
import { parseWith } from '../../lib/contract/parse';
import type { EventBus, EventBuses, Rule } from './event-buses';
import { parseEventPattern } from './event-pattern';
import type { Matcher } from './event-pattern';
import { InvalidEventPattern } from './invalid-event-pattern';
import { arnOf } from './place';
import type { AwsPlace } from './place';
import { AwsError } from './protocol';
import type { Operations } from './protocol';

const text = z.nullish(z.string());
const ruleInput = z.object({ Name: z.string(), EventBusName: text });
const putRuleInput = z.object({ Name: z.string(), EventBusName: text, EventPattern: z.string(), State: text });
/** Strict: what would change the event on its way to the target is not served, and must not be taken in silence. */
const target = z.strictObject({ Id: z.string(), Arn: z.string(), RoleArn: text });
const putTargetsInput = z.object({ Rule: z.string(), EventBusName: text, Targets: z.array(target) });
const removeTargetsInput = z.object({ Rule: z.string(), EventBusName: text, Ids: z.array(z.string()) });
const testInput = z.object({ EventPattern: z.string(), Event: z.string() });
const testedEvent = z.object({
  id: z.string(),
  'detail-type': z.string(),
  source: z.string(),
  account: z.string(),
  time: z.string(),
  region: z.string(),
  resources: z.array(z.string()),
});

/** Rules with event patterns; no schedules. */
export function createRuleOperations(buses: EventBuses, place: AwsPlace): Operations {
  const getRule = (bus: EventBus, name: string): Rule => {
    const rule = bus.rules.get(name);
    if (rule === undefined)
      throw new AwsError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus ${bus.name}.`);
    return rule;
  };

  return {
    PutRule: (input) => {
      const { Name, EventBusName, EventPattern, State } = parseWith(putRuleInput, input, 'PutRule');
      const bus = buses.get(EventBusName);
      const matches = readPattern(EventPattern);
      const arn = arnOf(place, 'events', bus.name === 'default' ? `rule/${Name}` : `rule/${bus.name}/${Name}`);
      bus.rules.set(Name, {
        arn,
        matches,
        enabled: State !== 'DISABLED',
        targets: bus.rules.get(Name)?.targets ?? new Map<string, string>(),
      });
      return { RuleArn: arn };
    },
    DeleteRule: (input) => {
      const { Name, EventBusName } = parseWith(ruleInput, input, 'DeleteRule');
      const bus = buses.get(EventBusName);
      if ((bus.rules.get(Name)?.targets.size ?? 0) > 0)
        throw new AwsError('ValidationException', "Rule can't be deleted since it has targets.");
      bus.rules.delete(Name);
      return {};
    },
    PutTargets: (input) => {
      const { Rule: name, EventBusName, Targets } = parseWith(putTargetsInput, input, 'PutTargets');
      const { targets } = getRule(buses.get(EventBusName), name);
      for (const { Id, Arn } of Targets) targets.set(Id, Arn);
      return { FailedEntryCount: 0, FailedEntries: [] };
    },
    RemoveTargets: (input) => {
      const { Rule: name, EventBusName, Ids } = parseWith(removeTargetsInput, input, 'RemoveTargets');
      const { targets } = getRule(buses.get(EventBusName), name);
      for (const id of Ids) targets.delete(id);
      return { FailedEntryCount: 0, FailedEntries: [] };
    },
    TestEventPattern: (input) => {
      const { EventPattern, Event } = parseWith(testInput, input, 'TestEventPattern');
      const event = parseJson(Event, () => new AwsError('ValidationException', 'Parameter Event is not valid.'));
      parseWith(testedEvent, event, 'Event');
      return { Result: readPattern(EventPattern)(event) };
    },
  };
}

function readPattern(pattern: string): Matcher {
  const refusal = (reason: string) =>
    new AwsError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`);
  const parsed = parseJson(pattern, () => refusal('Invalid JSON'));
  try {
    return parseEventPattern(parsed);
  } catch (error) {
    if (error instanceof InvalidEventPattern) throw refusal(error.message);
    throw error;
  }
}

function parseJson(json: string, refusal: () => AwsError): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw refusal();
  }
}

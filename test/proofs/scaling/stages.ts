import { identify } from '../../../lib/events/identity/identify';
import { MIN_DETAIL_BYTES } from '../../../lib/events/encode/bound';
import { encodeAll } from '../../../lib/events/normalize';
import { redactText } from '../../../lib/events/redact/redact-text';
import { diffPolicy } from '../../../lib/policy/policy-diff';
import { context, NAMES } from '../../unit/events/samples';
import { growthOf, type Family, type Growth } from './growth';
import { LONG_POLICIES, POLICIES_OF_MANY } from './policies';
import { RECORD_FAMILIES } from './records';
import { TEXT_FAMILIES } from './texts';

/** Part of the work on a record, with hostile input for it. */
export interface Stage {
  readonly name: string;
  readonly families: readonly string[];
  /** Some of its work ends with a budget of steps, and grows faster than the input until then. */
  readonly isBudgeted: boolean;
  /** @param sizes Characters, each twice the one before. */
  readonly grow: (family: string, sizes: readonly number[]) => Growth;
}

function stage<Input>(
  name: string,
  families: readonly Family<Input>[],
  work: (input: Input) => unknown,
  isBudgeted = false,
): Stage {
  const byName = new Map(families.map((family) => [family.name, family]));
  return {
    name,
    families: [...byName.keys()],
    isBudgeted,
    grow(wanted, sizes) {
      const family = byName.get(wanted);
      if (family === undefined) throw new Error(`there is no family ${wanted}`);
      return growthOf(family, work, sizes);
    },
  };
}

/** Everything that sees text from outside. Events are cut as far as may be, so that all that cutting does is done at each size. */
export const STAGES = {
  redaction: stage('redaction of a text', TEXT_FAMILIES, redactText),
  record: stage('a record, from redaction to the events', RECORD_FAMILIES, (record) =>
    encodeAll(identify(record, NAMES), context, MIN_DETAIL_BYTES),
  ),
  longPolicy: stage('policy diff of one long thing', LONG_POLICIES, ([old, next]) => diffPolicy(old, next)),
  manyPolicy: stage('policy diff of many things', POLICIES_OF_MANY, ([old, next]) => diffPolicy(old, next), true),
} as const;

import { CATALOGUE } from '../../../../lib/policy/findings/catalogue';
import { PARSE_ERROR } from '../../../../lib/policy/findings/file';
import { diffPolicy } from '../../../../lib/policy/policy-diff';
import type { Example } from './example';
import { EXAMPLES } from './examples';

const idsOf = ({ old, next }: Example): readonly string[] => diffPolicy(old, next).findings.map(({ id }) => id);
const cases = (kind: 'fires' | 'keepsQuiet'): [string, string, Example][] =>
  Object.entries(EXAMPLES).flatMap(([id, examples]) =>
    examples[kind].map((example): [string, string, Example] => [id, example.what, example]),
  );

describe('findings of a policy change', () => {
  it('has an example and a counter-example of each', () => {
    expect(Object.keys(EXAMPLES).sort()).toEqual([...CATALOGUE.map(({ id }) => id), PARSE_ERROR.id].sort());
    expect(Object.values(EXAMPLES).every(({ fires, keepsQuiet }) => fires.length > 0 && keepsQuiet.length > 0)).toBe(
      true,
    );
  });

  it.each(cases('fires'))('reports %s: %s', (id, _, example) => {
    expect(idsOf(example)).toContain(id);
  });

  it.each(cases('keepsQuiet'))('does not report %s: %s', (id, _, example) => {
    expect(idsOf(example)).not.toContain(id);
  });

  it.each(cases('fires'))('reports nothing when nothing changed any more: %s: %s', (_, __, { next }) => {
    expect(diffPolicy(next, next).findings).toEqual([]);
  });
});

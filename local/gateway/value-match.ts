/** An event pattern that EventBridge would refuse, or with a comparison that is not simulated. */
export class InvalidEventPattern extends Error {
  override readonly name = 'InvalidEventPattern';
}

/** A value that a pattern is compared with: arrays and objects are taken apart first. */
export type Leaf = string | number | boolean | null;

/** Says whether one value of an event matches. */
export type LeafTest = (leaf: Leaf) => boolean;

/**
 * Reads one element of a pattern's array other than `exists`: a plain value, or `anything-but` with one value or several.
 * The other comparisons (`prefix`, `numeric`, ...) are not simulated: no rule of ours uses them.
 *
 * @throws InvalidEventPattern
 */
export function parseValueMatch(expected: unknown): LeafTest {
  if (isLeaf(expected)) return (leaf) => leaf === expected;
  const [comparison, operand] = onlyEntry(expected);
  if (comparison !== 'anything-but') throw new InvalidEventPattern(`Unrecognized match type ${comparison}`);
  const refused: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  const kinds = new Set(refused.map((value) => typeof value));
  if (kinds.size !== 1 || !(kinds.has('string') || kinds.has('number')))
    throw new InvalidEventPattern('Inside anything-but list, either all values are number or all are string');
  return (leaf) => !refused.includes(leaf);
}

/** The name and operand of a comparison such as `{ "exists": true }`. */
export function onlyEntry(expression: unknown): [name: string, operand: unknown] {
  const entries: [string, unknown][] =
    typeof expression === 'object' && expression !== null && !Array.isArray(expression)
      ? Object.entries(expression)
      : [];
  const [first, second] = entries;
  if (first === undefined || second !== undefined)
    throw new InvalidEventPattern(
      'Match value must be String, number, true, false, or null, or an object with one comparison',
    );
  return first;
}

export function isLeaf(value: unknown): value is Leaf {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** An event pattern that EventBridge would refuse. */
export class InvalidEventPattern extends Error {
  override readonly name = 'InvalidEventPattern';
}

/** Says whether an event matches. */
export type Matcher = (event: unknown) => boolean;

/**
 * Reads an event pattern.
 *
 * @throws InvalidEventPattern
 */
export function parseEventPattern(pattern: unknown): Matcher {
  if (typeof pattern !== 'object' || pattern === null || Array.isArray(pattern)) throw new InvalidEventPattern('Filter is not an object');
  const fields = Object.entries(pattern).map(([name, rule]: [string, unknown]) => {
    const match = Array.isArray(rule) ? (value: unknown) => rule.includes(value) : parseEventPattern(rule);
    return (event: object) => match(new Map<string, unknown>(Object.entries(event)).get(name));
  });
  return (event) => typeof event === 'object' && event !== null && fields.every((field) => field(event));
}

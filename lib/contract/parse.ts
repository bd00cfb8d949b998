import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import { visibleLine } from './visible';

// zod/mini carries no messages of its own; without a locale every problem reads "Invalid input".
z.config(en());

/** UTF-16 units. Problems name fields, and a field's name may come from outside. */
const MAX_MESSAGE = 8_000;

/** Outside data that does not have the shape it must have. The message lists every problem, each with its field, on one bounded line. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';

  constructor(
    readonly subject: string,
    readonly problems: readonly string[],
  ) {
    super(visibleLine(`${subject}: ${problems.join('; ')}`, MAX_MESSAGE));
  }
}

/**
 * Parses a value from outside.
 *
 * @param subject What the value is, in the operator's words; opens the message.
 * @throws InvalidInput with every problem, each as `field: what was expected and what kind of value came`.
 */
export function parseWith<Schema extends z.ZodMiniType>(
  schema: Schema,
  value: unknown,
  subject: string,
): z.output<Schema> {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  throw new InvalidInput(subject, result.error.issues.map(describeIssue));
}

/** The value itself is never part of the text: it may be a secret. */
function describeIssue({ path, message }: { readonly path: readonly PropertyKey[]; readonly message: string }): string {
  return path.length === 0 ? message : `${toPath(path)}: ${message}`;
}

/** `connectors[0].id`, `groups["group:sre"]`. Zod's own is reached only through a namespace that would bundle all of zod. */
export function toPath(path: readonly PropertyKey[]): string {
  return path.map(toStep).join('').replace(/^\./, '');
}

function toStep(part: PropertyKey): string {
  if (typeof part === 'number') return `[${part}]`;
  const name = String(part);
  return /^[\w$]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

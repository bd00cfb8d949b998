import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import { visibleLine } from './visible';

// zod/mini has no messages: without a locale every problem reads "Invalid input".
z.config(en());

/** UTF-16 units. Problems name fields, whose names may be external input. */
const MAX_MESSAGE = 8_000;

/** External data with a wrong shape. The message lists every problem with its field, on one bounded line. */
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
 * Parses external data.
 *
 * @param subject What the value is; begins the message.
 * @throws InvalidInput with every problem, each as `field: expected …, received …`.
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

/** Runs parsers, and collects their InvalidInput errors instead of throwing the first one. */
export function attempting(collect: (error: InvalidInput) => void) {
  return <T>(parse: () => T): T | undefined => {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      collect(error);
      return undefined;
    }
  };
}

/** The text never contains the value, which may be a secret. */
function describeIssue({ path, message }: { readonly path: readonly PropertyKey[]; readonly message: string }): string {
  return path.length === 0 ? message : `${toPath(path)}: ${message}`;
}

/** `connectors[0].id`, `groups["group:sre"]`. Zod's own function is in a namespace that would bundle all of zod. */
export function toPath(path: readonly PropertyKey[]): string {
  return path.map(toStep).join('').replace(/^\./, '');
}

function toStep(part: PropertyKey): string {
  if (typeof part === 'number') return `[${part}]`;
  const name = String(part);
  return /^[\w$]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

import * as z from 'zod/mini';
import { InvalidInput, parseWith } from '../contract/parse';
import type { Answer } from './ask';
import { invalid } from './body';

/** Characters. The cursor goes into a query and into the checkpoint, which has 400 KB at most. */
const MAX_CURSOR = 64 * 1024;

/** `null` is how an empty list is written (seen on the live API). */
const list = z.optional(z.nullable(z.array(z.unknown())));
const cursor = z.optional(z.nullable(z.string().check(z.maxLength(MAX_CURSOR))));
const name = z.optional(z.nullable(z.string()));

const auditEnvelope = z.object({ auditLogs: list, logs: list, nextCursor: cursor, cursor });
const configurationEnvelope = z.object({ logs: list, tailnetId: name, tailnet: name });

/** @throws ConnectorError UPSTREAM_INVALID */
export function parseAuditEnvelope(answer: Answer): { records: unknown[]; cursor: string | null } {
  const { auditLogs, logs, nextCursor, cursor } = parse(auditEnvelope, answer);
  if (auditLogs === undefined && logs === undefined) throw invalid(answer.url, 'has no list "auditLogs"');
  const next = nextCursor === undefined ? cursor : nextCursor;
  return { records: [...(auditLogs ?? []), ...(logs ?? [])], cursor: blankToNull(next) };
}

/** @throws ConnectorError UPSTREAM_INVALID */
export function parseConfigurationEnvelope(answer: Answer): { records: unknown[]; tailnet: string | null } {
  const { logs, tailnetId, tailnet } = parse(configurationEnvelope, answer);
  if (logs === undefined) throw invalid(answer.url, 'has no list "logs"');
  return { records: logs ?? [], tailnet: blankToNull(tailnetId) ?? blankToNull(tailnet) };
}

function parse<Schema extends z.ZodMiniType>(schema: Schema, { json, url }: Answer): z.output<Schema> {
  try {
    return parseWith(schema, json, 'answer');
  } catch (error) {
    if (error instanceof InvalidInput) throw invalid(url, `is not as it should be: ${error.problems.join('; ')}`);
    throw error;
  }
}

function blankToNull(text: string | null | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

import pc from 'picocolors';
import * as z from 'zod/mini';
import type { DeliveredEvent } from './gateway/put-events';

const text = z.nullable(z.string());

/** What is shown of an event's detail. */
const shown = z.object({
  occurredAt: text,
  severity: z.enum(['high', 'medium', 'info']),
  action: z.string(),
  actor: z.object({ id: text, loginName: text, displayName: text }),
  target: z.object({ id: text, name: text, property: text }),
  outcome: z.enum(['success', 'failure']),
  ingest: z.object({ late: z.boolean() }),
  diff: z.optional(z.nullable(z.object({ unified: z.string() }))),
});

const PAINT = { high: pc.red, medium: pc.yellow, info: pc.dim } as const;

/** An event from the bus, for people: one line, and below it the change where the event carries one. */
export function showEvent(event: DeliveredEvent): string {
  const detail = z.parse(shown, event.detail);
  const time = (detail.occurredAt ?? event.time).slice(11, 19);
  const severity = PAINT[detail.severity](detail.severity.toUpperCase().padEnd(6));
  if (detail.diff !== undefined) {
    const lines = plain(detail.diff?.unified ?? '').trimEnd().split('\n');
    return [`${time}  ${severity}  ${pc.bold('what changed in the policy')}`, ...lines.map((line) => `          ${paintDiffLine(line)}`)].join('\n');
  }
  const actor = [detail.actor.loginName, detail.actor.displayName, detail.actor.id].find((name) => name !== null && name !== '') ?? 'unknown';
  const target = [detail.target.name ?? detail.target.id, detail.target.property].filter((part) => part !== null && part !== '').join(' ');
  const notes = [detail.outcome === 'failure' ? pc.red('  failed') : '', detail.ingest.late ? pc.cyan('  late') : ''].join('');
  return `${time}  ${severity}  ${plain(detail.action).padEnd(28)} ${plain(actor).padEnd(24)} ${plain(target)}${notes}`;
}

function paintDiffLine(line: string): string {
  if (line.startsWith('@@')) return pc.cyan(line);
  if (line.startsWith('+')) return pc.green(line);
  return line.startsWith('-') ? pc.red(line) : pc.dim(line);
}

/** Names and policies come from the tailnet: escape sequences in them must not reach the terminal. */
function plain(value: string): string {
  return value.replaceAll('\t', '  ').replaceAll(/(?!\n)\p{Cc}/gu, '');
}

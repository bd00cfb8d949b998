import pc from 'picocolors';
import * as z from 'zod/mini';
import type { DeliveredEvent } from './gateway/put-events';

const text = z.nullable(z.string());

const severity = z.enum(['high', 'medium', 'info']);
const finding = z.object({ id: z.string(), severity, title: z.string(), evidence: z.string() });

/** What is shown of an event's detail. */
const shown = z.object({
  occurredAt: text,
  severity,
  action: z.string(),
  actor: z.object({ id: text, loginName: text, displayName: text }),
  target: z.object({ id: text, name: text, property: text }),
  outcome: z.enum(['success', 'failure']),
  ingest: z.object({ late: z.boolean() }),
  diff: z.optional(z.nullable(z.object({ unified: z.string(), summary: z.string(), findings: z.array(finding) }))),
});

const PAINT = { high: pc.red, medium: pc.yellow, info: pc.dim } as const;

/** An event from the bus, for people: one line, and below it the change where the event carries one. */
export function showEvent(event: DeliveredEvent): string {
  const detail = z.parse(shown, event.detail);
  const time = (detail.occurredAt ?? event.time).slice(11, 19);
  const painted = PAINT[detail.severity](detail.severity.toUpperCase().padEnd(6));
  if (detail.diff !== undefined) return `${time}  ${painted}  ${pc.bold('what changed in the policy')}${detail.diff === null ? '' : showDiff(detail.diff)}`;
  const actor = [detail.actor.loginName, detail.actor.displayName, detail.actor.id].find((name) => name !== null && name !== '') ?? 'unknown';
  const target = [detail.target.name ?? detail.target.id, detail.target.property].filter((part) => part !== null && part !== '').join(' ');
  const notes = [detail.outcome === 'failure' ? pc.red('  failed') : '', detail.ingest.late ? pc.cyan('  late') : ''].join('');
  return `${time}  ${painted}  ${plain(detail.action).padEnd(28)} ${plain(actor).padEnd(24)} ${plain(target)}${notes}`;
}

function showDiff({ unified, summary, findings }: { unified: string; summary: string; findings: readonly z.infer<typeof finding>[] }): string {
  const lines = plain(unified).trimEnd().split('\n').map(paintDiffLine);
  const found = findings.map(({ id, severity: gravity, title, evidence }) => `${PAINT[gravity](id.padEnd(22))} ${title}: ${plain(evidence)}`);
  return [`: ${plain(summary)}`, ...[...found, ...lines].map((line) => `          ${line}`)].join('\n');
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

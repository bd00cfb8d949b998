import pc from 'picocolors';
import * as z from 'zod/mini';
import { DETAIL_TYPE } from '../lib/contract/names';
import { MAX_NAME, visibleLine } from '../lib/contract/visible';
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

/** What is shown of a health event's. */
const health = z.object({ severity, connector: z.string(), title: z.string(), description: z.string() });

/** UTF-16 units of a line of a policy diff. */
const MAX_DIFF_LINE = 500;

const PAINT = { high: pc.red, medium: pc.yellow, info: pc.dim } as const;

/**
 * An event from the bus, for people: one line, and below it the change where the event carries one. Names, policies and
 * errors come from the tailnet: what in them would steer a terminal is written out.
 */
export function showEvent(event: DeliveredEvent): string {
  if (event['detail-type'] === DETAIL_TYPE.health) return showHealth(event);
  const detail = z.parse(shown, event.detail);
  const time = (detail.occurredAt ?? event.time).slice(11, 19);
  const painted = paintSeverity(detail.severity);
  if (detail.diff !== undefined)
    return `${time}  ${painted}  ${pc.bold('what changed in the policy')}${detail.diff === null ? '' : showDiff(detail.diff)}`;
  const actor =
    [detail.actor.loginName, detail.actor.displayName, detail.actor.id].find((name) => name !== null && name !== '') ??
    'unknown';
  const target = [detail.target.name ?? detail.target.id, detail.target.property]
    .filter((part) => part !== null && part !== '')
    .join(' ');
  const notes = [
    detail.outcome === 'failure' ? pc.red('  failed') : '',
    detail.ingest.late ? pc.cyan('  late') : '',
  ].join('');
  return `${time}  ${painted}  ${name(detail.action).padEnd(28)} ${name(actor).padEnd(24)} ${name(target)}${notes}`;
}

function showHealth({ time, detail }: DeliveredEvent): string {
  const { severity: gravity, connector, title, description } = z.parse(health, detail);
  return `${time.slice(11, 19)}  ${paintSeverity(gravity)}  ${pc.bold(title)}  ${name(connector)}: ${visibleLine(description)}`;
}

function paintSeverity(gravity: keyof typeof PAINT): string {
  return PAINT[gravity](gravity.toUpperCase().padEnd(6));
}

function name(text: string): string {
  return visibleLine(text, MAX_NAME);
}

function showDiff({
  unified,
  summary,
  findings,
}: {
  unified: string;
  summary: string;
  findings: readonly z.infer<typeof finding>[];
}): string {
  const lines = unified.trimEnd().split('\n').map(paintDiffLine);
  const found = findings.map(
    ({ id, severity: gravity, title, evidence }) =>
      `${PAINT[gravity](id.padEnd(22))} ${title}: ${visibleLine(evidence)}`,
  );
  return [`: ${visibleLine(summary)}`, ...[...found, ...lines].map((line) => `          ${line}`)].join('\n');
}

function paintDiffLine(text: string): string {
  const line = visibleLine(text.replaceAll('\t', '    '), MAX_DIFF_LINE);
  if (line.startsWith('@@')) return pc.cyan(line);
  if (line.startsWith('+')) return pc.green(line);
  return line.startsWith('-') ? pc.red(line) : pc.dim(line);
}

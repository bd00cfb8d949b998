import Table from 'cli-table3';
import { MAX_NAME, visibleLine } from '../../lib/contract/visible';
import { formatLength } from '../instant';
import type { Report } from './answers';

/** No colors, so that the text is the same everywhere. */
const STYLE = { head: [], border: [], compact: true };

const SEVERITIES = ['high', 'medium', 'info'];

/**
 * The report as text: events by severity and by action, and the number of events left out.
 *
 * @param shown Notes that the operator has already seen.
 */
export function toText(report: Report, shown: readonly string[]): string {
  const { connector, from, until, dryRun, emitted, fetched, duplicates, quarantined, startedAt, updatedAt } = report;
  const took =
    startedAt === null || updatedAt === null
      ? ''
      : `, in ${formatLength(Date.parse(updatedAt) - Date.parse(startedAt))}`;
  const events = Object.values(report.bySeverity).reduce((sum, count) => sum + count, 0);
  return [
    visibleLine(`${connector}: ${from} until ${until}, ${report.dialect} dialect${took}`),
    table('severity', bySeverity(report.bySeverity)),
    table('action', byCount(report.byAction)),
    `${fetched} records read, ${dryRun ? `${events} events to publish (dry run)` : `${emitted} events published`}, ${duplicates} already published before, ${quarantined} quarantined`,
    ...report.notes.filter((note) => !shown.includes(note)).map((note) => `note: ${visibleLine(note)}`),
  ].join('\n');
}

function table(head: string, rows: readonly (readonly [string, number])[]): string {
  const drawn = new Table({ style: STYLE, head: [head, 'events'], colAligns: ['left', 'right'] });
  for (const [name, count] of rows) drawn.push([visibleLine(name, MAX_NAME), count]);
  if (rows.length === 0) drawn.push(['none', 0]);
  return drawn.toString();
}

function bySeverity(counts: Readonly<Record<string, number>>): [string, number][] {
  const rank = (name: string) => (SEVERITIES.includes(name) ? SEVERITIES.indexOf(name) : SEVERITIES.length);
  return Object.entries(counts).sort(([one], [other]) => rank(one) - rank(other));
}

/** Most frequent first. */
function byCount(counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).sort(
    ([one, count], [other, otherCount]) => otherCount - count || (one < other ? -1 : 1),
  );
}

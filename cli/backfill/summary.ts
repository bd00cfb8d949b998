import Table from 'cli-table3';
import { MAX_NAME, visibleLine } from '../../lib/contract/visible';
import { formatLength } from '../instant';
import { millisOf, type Report } from './answers';

/** Paints nothing: the same text everywhere. */
const STYLE = { head: [], border: [], compact: true };

const SEVERITIES = ['high', 'medium', 'info'];

/**
 * The report for people: what came out by severity and by action, and what did not come out and why.
 *
 * @param said Notes that were shown already.
 */
export function toText(report: Report, said: readonly string[]): string {
  const { connector, from, until, dryRun, emitted, fetched, duplicates, quarantined, startedAt, updatedAt } = report;
  const took =
    startedAt === null || updatedAt === null ? '' : `, in ${formatLength(millisOf(updatedAt) - millisOf(startedAt))}`;
  const events = Object.values(report.bySeverity).reduce((sum, count) => sum + count, 0);
  return [
    visibleLine(`${connector}: ${from} until ${until}, ${report.dialect} dialect${took}`),
    table('severity', bySeverity(report.bySeverity)),
    table('action', byCount(report.byAction)),
    `${fetched} records read; ${dryRun ? `${events} events would go out (dry run)` : `${emitted} events went out`}; left out: ${duplicates} published before; quarantined: ${quarantined}`,
    ...report.notes.filter((note) => !said.includes(note)).map((note) => `note: ${visibleLine(note)}`),
  ].join('\n');
}

function table(head: string, rows: readonly (readonly [string, number])[]): string {
  const drawn = new Table({ style: STYLE, head: [head, 'events'], colAligns: ['left', 'right'] });
  for (const [name, count] of rows) drawn.push([visibleLine(name, MAX_NAME), count]);
  if (rows.length === 0) drawn.push(['none', 0]);
  return drawn.toString();
}

function bySeverity(counts: Readonly<Record<string, number>>): [string, number][] {
  const checkpoint = (name: string) => (SEVERITIES.includes(name) ? SEVERITIES.indexOf(name) : SEVERITIES.length);
  return Object.entries(counts).sort(([one], [other]) => checkpoint(one) - checkpoint(other));
}

/** The most frequent first. */
function byCount(counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).sort(
    ([one, count], [other, otherCount]) => otherCount - count || (one < other ? -1 : 1),
  );
}

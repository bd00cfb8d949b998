import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify } from '../../../lib/events/identity/identify';
import { encodeAll, normalize } from '../../../lib/events/normalize';
import { diffPolicy } from '../../../lib/policy/policy-diff';
import { validateEvent } from '../../harness/validate-event';
import { context, NAMES } from '../../unit/events/samples';

/** What a folder of policies and records showed. Each problem names its file. */
export interface CorpusReport {
  policies: number;
  pairs: number;
  records: number;
  /** How many pairs are of each kind of change. */
  readonly changeKinds: Map<string, number>;
  /** Exceptions, files that cannot be read, and events that do not meet their published schema. */
  readonly crashes: string[];
  /** Policies that do not parse, files that are not JSON, records that are published as `unparsed`. */
  readonly unparsed: string[];
  /** Triples and canonical actions that the catalog does not know, with how often each occurs. */
  readonly unclassified: Map<string, number>;
}

/**
 * Runs every file below a folder through the connector.
 *
 * `NAME.old.hujson` with `NAME.new.hujson` is a change, any other `.hujson` a policy. `.ndjson` holds a record a line;
 * `.json` holds a record, a list of records, or the API's answer with its records in `logs`.
 */
export function checkCorpus(folder: string): CorpusReport {
  const report: CorpusReport = {
    policies: 0,
    pairs: 0,
    records: 0,
    changeKinds: new Map(),
    crashes: [],
    unparsed: [],
    unclassified: new Map(),
  };
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const newSides = new Map(
    files
      .filter((file) => file.endsWith('.old.hujson'))
      .map((file) => [file, file.replace(/old\.hujson$/, 'new.hujson')] as const)
      .filter(([, next]) => files.includes(next)),
  );
  const paired = new Set(newSides.values());
  for (const file of files) {
    const next = newSides.get(file);
    attempt(file, report, () => {
      if (next !== undefined) checkPair(file, read(file), read(next), report);
      else if (file.endsWith('.hujson') && !paired.has(file)) checkPolicy(file, read(file), report);
      else if (/\.(nd)?json$/.test(file)) checkRecords(file, read(file), report);
    });
  }
  return report;
}

function attempt(name: string, report: CorpusReport, check: () => void): void {
  try {
    check();
  } catch (error) {
    report.crashes.push(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}

function checkPolicy(file: string, text: string, report: CorpusReport): void {
  report.policies += 1;
  diff(file, '', text, report);
}

function checkPair(file: string, old: string, next: string, report: CorpusReport): void {
  report.pairs += 1;
  count(report.changeKinds, diff(file, old, next, report));
}

function diff(file: string, old: string, next: string, report: CorpusReport): string {
  const { parseError, changeKind } = diffPolicy(old, next);
  if (parseError !== undefined)
    report.unparsed.push(`${file}: line ${parseError.line} (side: ${parseError.side}): ${parseError.message}`);
  return changeKind;
}

function checkRecords(file: string, text: string, report: CorpusReport): void {
  const lines = file.endsWith('.ndjson') ? text.split('\n') : [text];
  for (const [index, line] of lines.entries()) {
    const name = file.endsWith('.ndjson') ? `${file}, line ${index + 1}` : file;
    if (line.trim() === '') continue;
    const records = recordsIn(line);
    if (records === undefined) report.unparsed.push(`${name}: not JSON`);
    for (const record of records ?? [])
      attempt(name, report, () => {
        checkRecord(name, record, report);
      });
  }
}

function recordsIn(text: string): readonly unknown[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const list: unknown = typeof value === 'object' && value !== null && 'logs' in value ? value.logs : value;
  return Array.isArray(list) ? (list as unknown[]) : [list];
}

function checkRecord(name: string, record: unknown, report: CorpusReport): void {
  report.records += 1;
  const identified = identify(record, NAMES);
  for (const { detail } of encodeAll(identified, context)) validateEvent(detail);
  const { isParsed, schemaDrift, native, action } = normalize(identified, context);
  if (!isParsed) report.unparsed.push(`${name}: neither dialect reads this record`);
  if (schemaDrift.includes('action')) count(report.unclassified, native ?? action);
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

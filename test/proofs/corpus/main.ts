import { parseArgs } from 'node:util';
import { checkCorpus, type CorpusReport } from './corpus';

const USAGE = `npm run check:corpus -- FOLDER

Reads every policy (.hujson), policy change (NAME.old.hujson, NAME.new.hujson) and audit record (.ndjson, .json) below
FOLDER, and reports what crashes, what does not parse and which triples the catalog does not know.

Exit: 0 no crash, 1 a crash, 2 usage error`;

function checked(): CorpusReport | undefined {
  try {
    const [folder, ...rest] = parseArgs({ allowPositionals: true }).positionals;
    if (folder === undefined || rest.length > 0) throw new Error('give one folder');
    return checkCorpus(folder);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return undefined;
  }
}

function print({ policies, pairs, records, changeKinds, crashes, unparsed, unclassified }: CorpusReport): void {
  const numbers = (counts: ReadonlyMap<string, number>) => [...counts].map(([name, count]) => `${name} ${count}`);
  for (const problem of unparsed) console.log(`does not parse: ${problem}`);
  for (const triple of numbers(unclassified)) console.log(`not in the catalog: ${triple}`);
  for (const crash of crashes) console.log(`crash: ${crash}`);
  console.log(`${policies} policies, ${pairs} pairs, ${records} records`);
  if (pairs > 0) console.log(`pairs by kind of change: ${numbers(changeKinds).join(', ')}`);
  console.log(
    `${crashes.length} crashes, ${unparsed.length} not parsed, ${unclassified.size} triples not in the catalog`,
  );
}

const report = checked();
if (report !== undefined) print(report);
process.exitCode = report === undefined ? 2 : report.crashes.length === 0 ? 0 : 1;

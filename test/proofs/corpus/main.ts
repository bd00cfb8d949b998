import { parseArgs } from 'node:util';
import { endProcess } from '../../harness/end-process';
import { checkCorpus } from './corpus';

const USAGE = `npm run check:corpus -- FOLDER

Reads every policy (.hujson), policy change (NAME.old.hujson, NAME.new.hujson) and audit record (.ndjson, .json) below
FOLDER, and reports what crashes, what does not parse and which triples the catalog does not know.

Exit: 0 no crash, 1 a crash, 2 usage error`;

async function main(): Promise<number> {
  await Promise.resolve();
  const [folder, ...rest] = parseArgs({ allowPositionals: true }).positionals;
  if (folder === undefined || rest.length > 0) {
    console.error(USAGE);
    return 2;
  }
  const { policies, pairs, records, changeKinds, crashes, unparsed, unclassified } = checkCorpus(folder);
  const numbers = (counts: ReadonlyMap<string, number>) => [...counts].map(([name, count]) => `${name} ${count}`);
  for (const problem of unparsed) console.log(`does not parse: ${problem}`);
  for (const triple of numbers(unclassified)) console.log(`not in the catalog: ${triple}`);
  for (const crash of crashes) console.log(`crash: ${crash}`);
  console.log(`${policies} policies, ${pairs} pairs (${numbers(changeKinds).join(', ')}), ${records} records`);
  console.log(
    `${crashes.length} crashes, ${unparsed.length} not parsed, ${unclassified.size} triples not in the catalog`,
  );
  return crashes.length === 0 ? 0 : 1;
}

endProcess(main());

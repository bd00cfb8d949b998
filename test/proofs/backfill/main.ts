import '../../setup.cjs';
import { parseArgs } from 'node:util';
import { problemsOf, prove } from './proof';
import { endProcess } from '../../harness/end-process';

const USAGE = `A backfill of 90 days, in concurrent slices with kills, concurrently with live polling: every record must be on the bus.

  --records N  in the 90 days (200000)
  --kills N    sandboxes that are killed in the middle of a page (2)
  --jobs N     slices at once (4)
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      records: { type: 'string' },
      kills: { type: 'string' },
      jobs: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const [records, kills, atOnce] = [values.records ?? '200000', values.kills ?? '2', values.jobs ?? '4'].map(Number);
  if (
    values.help === true ||
    !isCount(records) ||
    !isCount(atOnce) ||
    kills === undefined ||
    !Number.isInteger(kills) ||
    kills < 0
  ) {
    console.log(USAGE);
    return values.help === true ? 0 : 1;
  }
  const options = { records, days: 90, sliceHours: 24, atOnce, kills, ticks: 10 };
  const evidence = await prove(options);
  const { report, slices, repeated, allowed, killed, live, memory, seconds } = evidence;
  console.log(
    `${records} records of ${options.days} days in ${slices} slices, ${atOnce} at once, ${killed} killed: ${seconds.toFixed(0)} s`,
  );
  console.log(
    `on the bus ${records - evidence.missing}, copies too many ${repeated} (at most ${allowed}), the report says ${report.emitted} emitted and ${report.duplicates} found again`,
  );
  console.log(
    `${live.length} live ticks in between, each ${Math.max(...live.map(({ ms }) => ms))} ms at most, none noticed; a slice's sandbox had ${memory[0]} MiB at most in the first half, ${memory[1]} MiB in the second`,
  );
  const problems = problemsOf(evidence, options);
  for (const problem of problems) console.log(`PROBLEM ${problem}`);
  return problems.length === 0 ? 0 : 1;
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value > 0;
}

endProcess(main());

import '../../setup.cjs';
import { parseArgs } from 'node:util';
import { MUTATIONS } from './mutations';
import { control, hunt } from './hunt';
import { endProcess } from '../../harness/end-process';

const USAGE = `Puts known mistakes into the connector, one at a time, and looks whether the proofs catch them.

  --only TEXT    mistakes with this text in their name
  --seeds N      seeds that the simulation has for each (12)
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, seeds: { type: 'string', default: '12' }, help: { type: 'boolean' } },
  });
  const chosen = MUTATIONS.filter(({ name }) => name.includes(values.only ?? ''));
  const seeds = Number(values.seeds);
  if (values.help === true || chosen.length === 0 || !(seeds > 0)) {
    console.log(USAGE);
    return values.help === true ? 0 : 1;
  }
  const began = performance.now();
  let wrong = 0;
  for (const mutation of [null, ...chosen]) {
    const startedAt = performance.now();
    const { isWell, lines } = await (mutation === null ? control(seeds) : hunt(mutation, seeds));
    if (!isWell) wrong += 1;
    console.log(`${isWell ? 'ok  ' : 'FAIL'} ${mutation?.name ?? 'no mistake'} (${seconds(startedAt)})`);
    for (const line of lines) console.log(`       ${line}`);
  }
  console.log(
    `mutations: ${chosen.length} mistakes and one run without; ${wrong === 0 ? 'all as it should be' : `${wrong} not as it should be`} (${seconds(began)})`,
  );
  return wrong === 0 ? 0 : 1;
}

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

endProcess(main());

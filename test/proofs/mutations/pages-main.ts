import { endProcess } from '../../harness/end-process';
import { PAGE_SCENARIOS, type PageScenario } from './pages';

/** `node <bundle> <scenario>` prints the problems found, one a line. */
async function main(): Promise<number> {
  const scenario = Object.keys(PAGE_SCENARIOS).find((name): name is PageScenario => name === process.argv[2]);
  if (scenario === undefined) throw new Error(`there is no scenario ${process.argv[2] ?? ''}`);
  for (const problem of await PAGE_SCENARIOS[scenario]()) console.log(problem);
  return 0;
}

endProcess(main());

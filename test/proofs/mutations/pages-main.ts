import { endProcess } from '../../harness/end-process';
import { PAGE_SCENES, type PageScene } from './pages';

/** `node <bundle> <scene>` prints what was wrong in the end, a line each. */
async function main(): Promise<number> {
  const scene = Object.keys(PAGE_SCENES).find((name): name is PageScene => name === process.argv[2]);
  if (scene === undefined) throw new Error(`there is no scene ${process.argv[2] ?? ''}`);
  for (const problem of await PAGE_SCENES[scene]()) console.log(problem);
  return 0;
}

endProcess(main());

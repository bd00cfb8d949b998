import { run } from './program';
import { createTerminal, interruption } from './terminal';
import { wire } from './clients';

// Else every SDK client prints a warning on Node 20.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

const clock = { now: Date.now };

void run(process.argv.slice(2), {
  clock,
  terminal: createTerminal(process),
  aws: wire(clock),
  interruption: () => interruption(process),
}).then((exitCode) => {
  process.exitCode = exitCode;
});

import { run } from './program';
import { createTerminal, interruption } from './terminal';
import { wire } from './clients';

// On Node 20 every SDK client would begin with a warning.
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

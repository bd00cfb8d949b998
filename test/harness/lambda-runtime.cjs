// Replaces Lambda's own runtime: plain node runs the bundled handler, one invocation at a time. A `load` message loads the
// handler anew with another environment: module state of the sandbox before it is gone, for a tenth of what a process costs.
const { readFileSync } = require('node:fs');

// The clock runs ahead of the machine's by the milliseconds in CLOCK_FILE (which may change at any moment) or in a `clock` message.
const RealDate = Date;
let aheadMs = 0;
const now = () =>
  RealDate.now() +
  (process.env.CLOCK_FILE === undefined ? aheadMs : Number(readFileSync(process.env.CLOCK_FILE, 'utf8')));
globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length === 0 ? [now()] : given));
  }

  static now() {
    return now();
  }
};

const ownEnvironment = { ...process.env };
let handler;

function load({ file, environment }) {
  // Assigned one by one: only that changes the time zone of the process.
  for (const name of Object.keys(process.env)) if (!(name in ownEnvironment)) delete process.env[name];
  Object.assign(process.env, ownEnvironment, environment);
  aheadMs = 0;
  for (const loaded of Object.keys(require.cache)) if (loaded !== module.filename) delete require.cache[loaded];
  // Each module keeps a list of the modules that it has loaded, and so all earlier handlers.
  module.children.length = 0;
  ({ handler } = require(file));
}

async function invoke({ event, remainingMs }) {
  const endsAt = Date.now() + remainingMs;
  return handler(event, { getRemainingTimeInMillis: () => endsAt - Date.now() });
}

const actions = { load, invoke, clock: (message) => void ({ aheadMs } = message) };

process.on('message', async ({ id, action, ...message }) => {
  try {
    process.send({ id, result: await actions[action](message) });
  } catch (error) {
    // Lambda keeps these three fields and drops all others, AggregateError.errors included.
    process.send({
      id,
      error: { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split('\n') },
    });
  }
});
process.on('disconnect', () => process.exit());

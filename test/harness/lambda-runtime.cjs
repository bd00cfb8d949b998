// Stands in for Lambda's own runtime: plain node, the asset's handler, one invocation at a time, as JSON.
const { handler } = require(process.env.HANDLER_FILE);

process.on('message', async ({ id, event, remainingMs }) => {
  const endsAt = Date.now() + remainingMs;
  try {
    const result = await handler(event, { getRemainingTimeInMillis: () => endsAt - Date.now() });
    process.send({ id, result });
  } catch (error) {
    // Lambda keeps these three and drops everything else, AggregateError.errors included.
    process.send({
      id,
      error: { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split('\n') },
    });
  }
});
process.send({ ready: true });

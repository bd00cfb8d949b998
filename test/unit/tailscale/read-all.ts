import { API_KEY, apiKey, connector, HOUR, PLENTY, setUp } from './setting';

/** A separate process that reads a log and prints its records, bytes and memory. Arguments: `<origin> <dialect>`. */
async function main(origin = '', dialect = ''): Promise<void> {
  const { openAuditLog } = setUp(origin, { secret: apiKey(API_KEY) });
  const log = openAuditLog(connector({ dialect: dialect === 'audit' ? 'audit' : 'configuration' }), null);
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
  let records = 0;
  let bytes = 0;
  for await (const page of log.pages(HOUR, null, PLENTY)) {
    for await (const batch of page.batches) {
      records += batch.length;
      for (const record of batch) bytes += record.bytes;
      most = Math.max(most, process.memoryUsage.rss());
    }
  }
  clearInterval(timer);
  console.log(JSON.stringify({ records, bytes, grownMb: (most - before) / 1_000_000 }));
}

main(...process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

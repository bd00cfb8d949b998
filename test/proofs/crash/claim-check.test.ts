import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import * as z from 'zod/mini';
import { openEnvironment, record, type TestEnvironment } from '../../harness/environment';

let setup: TestEnvironment;
afterEach(() => setup.close());

const claimed = z.object({ claimCheck: z.object({ bucket: z.string(), key: z.string(), sha256: z.string() }) });

it('leads every copy of a large event to an object with the hash that this copy names, after a crash too', async () => {
  setup = await openEnvironment();
  setup.api.add(record(30_000, { new: 'long '.repeat(60_000) }));
  const doomed = await setup.sandbox();
  const stop = setup.gateway.intercept(async ({ operation, body }) => {
    if (operation !== 'UpdateItem' || !JSON.stringify(body).includes('#SEEN')) return undefined;
    await doomed.kill();
    return 'drop-before';
  });
  await expect(doomed.poll()).rejects.toThrow('the sandbox is gone');
  stop();
  await setup.leaseIsOver();
  await (await setup.sandbox()).poll();

  const copies = setup.events.map(({ detail }) => z.parse(claimed, detail).claimCheck);
  expect(copies).toHaveLength(2);
  for (const { bucket, key, sha256 } of copies) {
    const object = setup.gateway.s3.object(bucket, key);
    expect(
      createHash('sha256')
        .update(gunzipSync(object?.body ?? ''))
        .digest('hex'),
    ).toBe(sha256);
  }
});

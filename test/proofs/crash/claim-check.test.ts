import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import * as z from 'zod/mini';
import { openWorld, record, type World } from '../../harness/world';

let world: World;
afterEach(() => world.close());

const claimed = z.object({ claimCheck: z.object({ bucket: z.string(), key: z.string(), sha256: z.string() }) });

it('leads every copy of a large event to an object with the hash that this copy names, after a crash too', async () => {
  world = await openWorld();
  world.api.add(record(30_000, { new: 'long '.repeat(60_000) }));
  const doomed = await world.sandbox();
  const stop = world.gateway.intercept(async ({ operation, body }) => {
    if (operation !== 'UpdateItem' || !JSON.stringify(body).includes('#SEEN')) return undefined;
    await doomed.kill();
    return 'drop-before';
  });
  await expect(doomed.poll()).rejects.toThrow('the sandbox is gone');
  stop();
  await world.leaseIsOver();
  await (await world.sandbox()).poll();

  const copies = world.events.map(({ detail }) => z.parse(claimed, detail).claimCheck);
  expect(copies).toHaveLength(2);
  for (const { bucket, key, sha256 } of copies) {
    const object = world.gateway.s3.object(bucket, key);
    expect(
      createHash('sha256')
        .update(gunzipSync(object?.body ?? ''))
        .digest('hex'),
    ).toBe(sha256);
  }
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import * as z from 'zod/mini';
import { context as flags } from '../../cdk.json';
import type { BackfillPlan } from '../../lib/contract/backfill';
import { parseWith } from '../../lib/contract/parse';
import type { Call } from '../../local/gateway/faults';
import type { Sandbox } from '../harness/lambda';
import { openEnvironment, record, type TestEnvironment } from '../harness/environment';
import { createStack, deployed, parseTemplate, partOf, permissionsOf } from './synth';
import type { FunctionName } from './synth';

const app = new App({ context: flags });
const { templateFile } = createStack({ bundlePath: join(__dirname, '../../dist/functions') }, app);
const { directory } = app.synth();
const template = parseTemplate(JSON.parse(readFileSync(join(directory, templateFile), 'utf8')));

const functionProperties = z.object({
  Handler: z.literal('index.handler'),
  Code: z.object({ S3Key: z.string() }),
  Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
});

let world: TestEnvironment;
beforeEach(async () => void (world = await openEnvironment()));
afterEach(() => world.close());

/** Runs the function's asset in Node.js, with the template's environment and the deployed names. */
async function start(name: FunctionName): Promise<Sandbox> {
  const { Code, Environment } = parseWith(
    functionProperties,
    partOf(template, name, 'AWS::Lambda::Function').Properties,
    name,
  );
  const names: Readonly<Record<string, string>> = {
    'AWS::SecretsManager::Secret': 'tailscale-audit/default',
    'AWS::S3::Bucket': 'tailscale-audit-archive',
  };
  const physical = (logicalId: string) => names[template.Resources[logicalId]?.Type ?? ''] ?? 'tailscale-audit';
  const variables = Object.entries(Environment.Variables).map(([variable, value]): [string, string] => [
    variable,
    deployed(value, physical),
  ]);
  const ours = { AWS_ENDPOINT_URL: world.gateway.url, TAILSCALE_API_URL: world.api.url };
  return world.sandbox(
    { ...Object.fromEntries(variables), ...ours },
    { bundle: join(directory, `asset.${Code.S3Key.replace('.zip', '')}`, 'index.js') },
  );
}

const item = z.object({ pk: z.object({ S: z.string() }) });
const input = z.object({
  Key: z.optional(z.union([z.string(), item])),
  Item: z.optional(item),
  ExpressionAttributeValues: z.optional(z.object({ ':pk': z.optional(z.object({ S: z.string() })) })),
  Entries: z.optional(z.array(z.object({ Source: z.string() }))),
});

/** A request as IAM checks it: the action, and the item's partition, the object's prefix or the event's source. */
function requested({ service, operation, body }: Call): string[] {
  const { Key, Item, ExpressionAttributeValues, Entries } = parseWith(input, body, operation);
  const one =
    typeof Key === 'string'
      ? Key.replace(/\/.*/, '')
      : ((Key ?? Item)?.pk.S ?? ExpressionAttributeValues?.[':pk']?.S ?? '');
  return (Entries?.map(({ Source }) => Source) ?? [one]).map((subject) => `${service}:${operation} ${subject}`);
}

/** Denies requests that the function's policy does not allow. @returns the denied ones */
function enforcePolicyOf(name: FunctionName): { readonly denied: readonly string[]; stop(): void } {
  const allowed = new Set(
    permissionsOf(template, name).flatMap(({ action, resource, condition }) => {
      const subjects = Object.values(condition)
        .flatMap((keys) => Object.values(keys))
        .flat();
      return (subjects.length > 0 ? subjects : [/\/(\w+)\/\*$/.exec(resource)?.[1] ?? '']).map(
        (subject) => `${action} ${subject}`,
      );
    }),
  );
  const denied: string[] = [];
  const stop = world.gateway.intercept((call) => {
    const refused = requested(call).filter((one) => !allowed.has(one));
    denied.push(...refused);
    return refused.length === 0
      ? undefined
      : { status: 400, body: { __type: 'AccessDeniedException', message: 'not by this policy' } };
  });
  return { denied, stop };
}

const poison = record(30_000, { target: { id: 'nPoisonCNTRL', name: 'poison', type: 'NODE' } });
const refusePoison = () =>
  world.gateway.events.refuseEntries(({ Detail }) =>
    Detail?.includes('poison') === true ? { code: 'MalformedDetail', message: 'x' } : undefined,
  );

it('polls, publishes, quarantines and commits as synthesized, within its policy', async () => {
  world.api.add([record(), record(), poison]);
  refusePoison();
  const policy = enforcePolicyOf('Poll');
  const sandbox = await start('Poll');

  await expect(sandbox.poll({ connector: 'default' })).resolves.toMatchObject({ connectors: [{ emitted: 2 }] });
  await expect(sandbox.poll({ connector: 'default' })).resolves.toMatchObject({
    connectors: [{ emitted: 0, duplicates: 3 }],
  });
  expect(policy.denied).toEqual([]);
  policy.stop();
  expect(await world.item('STATE')).toMatchObject({ rev: 2 });
  expect(await world.ledger()).toMatchObject([{ reason: 'MalformedDetail', status: 'quarantined' }]);
});

it('redrives quarantined events as synthesized, within its policy', async () => {
  const unreadable = 'x'.repeat(300_000);
  world.api.intercept(() => ({ body: JSON.stringify({ auditLogs: [unreadable, poison] }) }));
  const allow = refusePoison();
  await (await start('Poll')).poll();
  expect(await world.ledger()).toHaveLength(2);
  allow();

  const policy = enforcePolicyOf('Backfill');
  await expect((await start('Backfill')).invoke({ action: 'redrive', includeUnparsed: true })).resolves.toMatchObject({
    connectors: [{ redriven: 2, done: true }],
  });
  expect(policy.denied).toEqual([]);
  policy.stop();
  expect(await world.ledger()).toMatchObject([{ status: 'redriven' }, { status: 'redriven' }]);
});

it('backfills a range as synthesized, within its policy', async () => {
  world.api.add(record());
  await (await start('Poll')).poll();
  refusePoison();
  const old = (fields: object) => record(3 * 24 * 3_600_000, fields);
  world.api.add([
    old({}),
    old({ target: { id: 'nPoisonCNTRL', name: 'poison', type: 'NODE' } }),
    old({ new: 'x'.repeat(300_000) }),
  ]);
  const policy = enforcePolicyOf('Backfill');
  const sandbox = await start('Backfill');
  const { slices, jobId } = (await sandbox.invoke({ action: 'plan', last: 'P4D' })) as BackfillPlan;
  for (const slice of slices) await expect(sandbox.invoke(slice)).resolves.toMatchObject({ done: true });
  await expect(sandbox.invoke({ action: 'report', jobId })).resolves.toMatchObject({
    emitted: 2,
    quarantined: 1,
    done: true,
  });
  expect(policy.denied).toEqual([]);
  policy.stop();
  expect(await world.ledger()).toMatchObject([{ reason: 'MalformedDetail', status: 'quarantined' }]);
});

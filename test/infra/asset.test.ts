import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import * as z from 'zod/mini';
import { context as flags } from '../../cdk.json';
import { openWorld, record, type World } from '../support/world';
import { createStack, deployed } from './synth';

const functionProperties = z.object({
  Handler: z.string(),
  Code: z.object({ S3Key: z.string() }),
  Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
});
const synthesized = z.object({
  Resources: z.record(z.string(), z.object({ Type: z.string(), Properties: z.optional(z.unknown()) })),
});

let world: World | undefined;
afterEach(() => world?.close());

it('polls, emits and checkpoints, as synthesized, in plain node with the template\'s environment', async () => {
  const app = new App({ context: flags });
  const stack = createStack({ bundlePath: join(__dirname, '../../dist/functions') }, app);
  const assembly = app.synth();
  const template = z.parse(synthesized, JSON.parse(readFileSync(join(assembly.directory, stack.templateFile), 'utf8')));
  const lambda = Object.entries(template.Resources).find(([id, { Type }]) => id.startsWith('ConnectorPoll') && Type === 'AWS::Lambda::Function');
  const { Handler, Code, Environment } = z.parse(functionProperties, lambda?.[1].Properties);
  expect(Handler).toBe('index.handler');

  world = await openWorld();
  world.api.add([record(), record()]);
  // CloudFormation would put the names of what it made in place of the references.
  const names: Readonly<Record<string, string>> = { 'AWS::SecretsManager::Secret': 'tailscale-audit/default', 'AWS::S3::Bucket': 'tailscale-audit-archive' };
  const physical = (logicalId: string) => names[template.Resources[logicalId]?.Type ?? ''] ?? 'tailscale-audit';
  const variables = Object.entries(Environment.Variables).map(([name, value]): [string, string] => [name, deployed(value, physical)]);
  const bundle = join(assembly.directory, `asset.${Code.S3Key.replace('.zip', '')}`, 'index.js');
  const ours = { AWS_ENDPOINT_URL: world.gateway.url, TAILSCALE_API_URL: world.api.url };
  const sandbox = await world.sandbox({ ...Object.fromEntries(variables), ...ours }, { bundle });

  await expect(sandbox.poll({ connector: 'default' })).resolves.toMatchObject({ connectors: [{ emitted: 2 }] });
  await expect(sandbox.poll({ connector: 'default' })).resolves.toMatchObject({ connectors: [{ emitted: 0, duplicates: 2 }] });
  expect(await world.item('STATE')).toMatchObject({ rev: 2 });
});

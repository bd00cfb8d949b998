import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as z from 'zod/mini';
import { context as flags } from '../../cdk.json';
import { ConnectorStack } from '../../infra/connector-stack';
import type { TailscaleAuditConnectorProps } from '../../infra/tailscale-audit-connector';
import { parseWith } from '../../lib/contract/parse';

/** Placeholders for the built functions. */
const bundlePath = mkdtempSync(join(tmpdir(), 'bundle-'));
for (const name of ['poll', 'backfill']) {
  mkdirSync(join(bundlePath, name));
  writeFileSync(join(bundlePath, name, 'index.js'), `exports.handler = async () => '${name}';`);
}

export const parseTemplate = (value: unknown) => parseWith(template, value, 'template');

const template = z.object({
  Resources: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Properties: z._default(z.record(z.string(), z.unknown()), {}),
      DeletionPolicy: z.optional(z.string()),
      UpdateReplacePolicy: z.optional(z.string()),
    }),
  ),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown() })),
});
export type SynthesizedTemplate = z.infer<typeof template>;
export type Resource = SynthesizedTemplate['Resources'][string];

export function createStack(
  props: TailscaleAuditConnectorProps = {},
  app = new App({ context: flags }),
): ConnectorStack {
  // Our own constructs use nothing deprecated.
  process.env['JSII_DEPRECATED'] = 'fail';
  // CDK's own schema validation takes ten seconds to load. `npm run synth` runs it.
  process.env['CDK_VALIDATION'] = 'false';
  return new ConnectorStack(app, 'TailscaleAuditConnector', { bundlePath, ...props });
}

export function synthesize(props: TailscaleAuditConnectorProps = {}): SynthesizedTemplate {
  return parseTemplate(Template.fromStack(createStack(props)).toJSON());
}

export function resourcesOf({ Resources }: SynthesizedTemplate, type: string): Resource[] {
  return Object.values(Resources).filter((resource) => resource.Type === type);
}

/** The two functions, as the ids of their resources begin. */
export const FUNCTIONS = ['Poll', 'Backfill'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** The only resource of a type that belongs to one of the functions. */
export function partOf(template: SynthesizedTemplate, name: FunctionName, type: string): Resource {
  const [one, another] = Object.entries(template.Resources).filter(
    ([id, { Type }]) => id.startsWith(`Connector${name}`) && Type === type,
  );
  if (one === undefined || another !== undefined) throw new Error(`${name} has no ${type}, or several`);
  return one[1];
}

/** An allowed action on a resource. */
export interface Permission {
  readonly action: string;
  readonly resource: string;
  /** Operator, then key. */
  readonly condition: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const statement = z.strictObject({
  Sid: z.string(),
  Effect: z.literal('Allow'),
  Action: z.union([z.string(), z.array(z.string())]),
  Resource: z.unknown(),
  Condition: z._default(z.record(z.string(), z.record(z.string(), z.union([z.string(), z.array(z.string())]))), {}),
});
const policy = z.object({ PolicyDocument: z.object({ Statement: z.array(statement) }) });

/** Every action on every resource that a function's policy allows. */
export function permissionsOf(template: SynthesizedTemplate, name: FunctionName): Permission[] {
  const { PolicyDocument } = parseWith(policy, partOf(template, name, 'AWS::IAM::Policy').Properties, 'policy');
  return PolicyDocument.Statement.flatMap(({ Action, Resource: on, Condition: condition }) =>
    [Action]
      .flat()
      .flatMap((action) => [on].flat().map((resource) => ({ action, resource: deployed(resource), condition }))),
  );
}

/** A template value after deployment. `physical` resolves a logical id, by default to `<logical id>`. */
export function deployed(value: unknown, physical = (logicalId: string) => `<${logicalId}>`): string {
  const intrinsic = z.union([
    z.object({ Ref: z.string() }),
    z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }),
    z.object({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) }),
    z.object({ 'Fn::Select': z.tuple([z.number(), z.object({ 'Fn::Split': z.tuple([z.string(), z.unknown()]) })]) }),
  ]);
  if (typeof value === 'string') return value;
  const found = parseWith(intrinsic, value, 'intrinsic');
  if ('Ref' in found) return physical(found.Ref);
  if ('Fn::GetAtt' in found) return physical(found['Fn::GetAtt'].join('.'));
  if ('Fn::Select' in found) {
    const [
      at,
      {
        'Fn::Split': [splitter, whole],
      },
    ] = found['Fn::Select'];
    return deployed(whole, physical).split(splitter)[at] ?? '';
  }
  const [separator, parts] = found['Fn::Join'];
  return parts.map((part) => deployed(part, physical)).join(separator);
}

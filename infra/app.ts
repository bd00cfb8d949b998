import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { InvalidInput } from '../lib/contract/parse';
import { ConnectorStack } from './connector-stack';
import { parseContext } from './context';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
try {
  const { stackName, ...props } = parseContext(
    (key) => app.node.tryGetContext(key),
    Object.keys(app.node.getAllContext() as object),
  );
  new ConnectorStack(app, stackName, props);
} catch (error) {
  if (!(error instanceof InvalidInput)) throw error;
  console.error(['The context (cdk.json, or -c on the command line) is invalid:', ...error.problems].join('\n- '));
  process.exit(1);
}
// After our constructs only cdk-nag reads deprecated properties; without this CDK would print warnings about that.
process.env['JSII_DEPRECATED'] = 'quiet';

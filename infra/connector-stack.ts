import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { STACK_OUTPUT } from '../lib/contract/names';
import { TailscaleAuditConnector } from './tailscale-audit-connector';
import type { TailscaleAuditConnectorProps } from './tailscale-audit-connector';

/** The connector as a stack, with the outputs that the operator and the command need. */
export class ConnectorStack extends Stack {
  readonly connector: TailscaleAuditConnector;

  constructor(scope: Construct, id: string, props: TailscaleAuditConnectorProps = {}, stackProps: StackProps = {}) {
    super(scope, id, { description: 'Tailscale audit log to EventBridge', ...stackProps });
    this.connector = new TailscaleAuditConnector(this, 'Connector', props);
    const { poll, backfill, backfillWorkflow, eventBus, table, archive, connectorIds, expectedActivity, emptySecrets } =
      this.connector;
    const outputs: Readonly<Record<keyof typeof STACK_OUTPUT, string | undefined>> = {
      pollFunction: poll.function.functionName,
      backfillFunction: backfill.function.functionName,
      backfillStateMachine: backfillWorkflow.stateMachine.stateMachineArn,
      busName: eventBus.eventBusName,
      busArn: eventBus.eventBusArn,
      table: table.tableName,
      archiveBucket: archive.bucketName,
      connectors: connectorIds.join(','),
      expectedActivity:
        expectedActivity.length === 0
          ? undefined
          : JSON.stringify(expectedActivity.map(({ rule, endsOn }) => ({ rule, endsOn }))),
    };
    for (const [name, outputName] of Object.entries(STACK_OUTPUT)) {
      const value = outputs[name as keyof typeof STACK_OUTPUT];
      if (value !== undefined) new CfnOutput(this, outputName, { value });
    }
    for (const [connector, secretArn] of emptySecrets) {
      // CDK removes hyphens from an output's id, which would make "a-b" and "ab" equal.
      new CfnOutput(this, `PutSecret${connector.replaceAll('-', 'Dash')}`, {
        description: `Command that stores the credential of the connector ${connector}; for an OAuth client use clientId and clientSecret`,
        value: `aws secretsmanager put-secret-value --secret-id ${secretArn} --secret-string '{"apiKey":"YOUR_API_KEY"}'`,
      });
    }
  }
}

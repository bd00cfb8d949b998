import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { TailscaleAuditConnector } from './tailscale-audit-connector';
import type { TailscaleAuditConnectorProps } from './tailscale-audit-connector';

/** The connector as a stack of its own, with what an operator needs next as outputs. */
export class ConnectorStack extends Stack {
  readonly connector: TailscaleAuditConnector;

  constructor(scope: Construct, id: string, props: TailscaleAuditConnectorProps = {}, stackProps: StackProps = {}) {
    super(scope, id, { description: 'Tailscale audit log to EventBridge', ...stackProps });
    this.connector = new TailscaleAuditConnector(this, 'Connector', props);
    const { poll, backfill, backfillWorkflow, eventBus, table, archive, connectorIds, expectedActivity, emptySecrets } =
      this.connector;

    new CfnOutput(this, 'FunctionName', { value: poll.function.functionName });
    new CfnOutput(this, 'BackfillFunctionName', { value: backfill.function.functionName });
    new CfnOutput(this, 'BackfillStateMachineArn', { value: backfillWorkflow.stateMachine.stateMachineArn });
    new CfnOutput(this, 'EventBusName', { value: eventBus.eventBusName });
    new CfnOutput(this, 'EventBusArn', { value: eventBus.eventBusArn });
    new CfnOutput(this, 'TableName', { value: table.tableName });
    new CfnOutput(this, 'ArchiveBucketName', { value: archive.bucketName });
    new CfnOutput(this, 'Connectors', { value: connectorIds.join(',') });
    // `status` warns of rules that have expired or match nothing: it needs no more of them.
    if (expectedActivity.length > 0)
      new CfnOutput(this, 'ExpectedActivity', {
        value: JSON.stringify(expectedActivity.map(({ rule, endsOn }) => ({ rule, endsOn }))),
      });
    for (const [connector, secretArn] of emptySecrets) {
      // CDK drops the hyphens of an output's id: "a-b" and "ab" would be one.
      new CfnOutput(this, `PutSecret${connector.replaceAll('-', 'Dash')}`, {
        description: `Puts the credential of the connector ${connector} into its secret; an OAuth client has clientId and clientSecret instead`,
        value: `aws secretsmanager put-secret-value --secret-id ${secretArn} --secret-string '{"apiKey":"YOUR_API_KEY"}'`,
      });
    }
  }
}

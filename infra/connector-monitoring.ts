import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { METRIC, METRICS_NAMESPACE } from '../lib/contract/names';
import type { MetricName } from '../lib/contract/names';
import { POLL_PERIOD_SECONDS } from '../lib/contract/timing';
import type { MonitoringOptions } from './options';

/** Seconds. Four ticks: one that fails, and one that is late, wake nobody. */
const STALE_SECONDS = 4 * POLL_PERIOD_SECONDS;

/** Three ticks: in a shorter span a slow run behind a quick one leaves a hole that is no silence. */
const SPAN = Duration.seconds(3 * POLL_PERIOD_SECONDS);

export interface ConnectorMonitoringProps extends MonitoringOptions {
  readonly connectorIds: readonly string[];
}

/** Two alarms for each connector: it has stopped, and it keeps failing. */
export class ConnectorMonitoring extends Construct {
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, { connectorIds, alarmTopicArn }: ConnectorMonitoringProps) {
    super(scope, id);
    this.alarms = connectorIds.flatMap((connector) => [this.alarmOnSilence(connector), this.alarmOnFailures(connector)]);
    if (alarmTopicArn === undefined) return;
    const action = new SnsAction(Topic.fromTopicArn(this, 'Topic', alarmTopicArn));
    this.alarms.forEach((alarm) => {
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    });
  }

  /** A function that no longer runs says nothing, so missing data is the alarm too. */
  private alarmOnSilence(connector: string): Alarm {
    return new Alarm(this, `Stale-${connector}`, {
      alarmDescription: `Connector ${connector} is over ${STALE_SECONDS / 60} minutes behind, or has stopped running. The function's log says why.`,
      metric: metric(METRIC.watermarkAge, connector, 'Maximum'),
      threshold: STALE_SECONDS,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }

  private alarmOnFailures(connector: string): Alarm {
    return new Alarm(this, `Failing-${connector}`, {
      alarmDescription: `At least two of the last three runs of connector ${connector} failed. The function's log says why and what to do.`,
      metric: metric(METRIC.failed, connector, 'Sum'),
      threshold: 2,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}

function metric(metricName: MetricName, connector: string, statistic: 'Maximum' | 'Sum'): Metric {
  return new Metric({ namespace: METRICS_NAMESPACE, metricName, dimensionsMap: { connector }, statistic, period: SPAN });
}

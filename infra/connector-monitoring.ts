import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { METRIC, METRICS_NAMESPACE } from '../lib/contract/names';
import type { MetricName } from '../lib/contract/names';
import { POLL_PERIOD_SECONDS, STALE_SECONDS } from '../lib/contract/timing';
import type { MonitoringOptions } from './options';

/** Seconds. An HTTP date is exact to one second, and AWS keeps its clocks closer than that: minutes are no drift. */
const SKEW_SECONDS = 300;

/** Three ticks: in a shorter span a slow run behind a quick one leaves a hole that is no silence. */
const SPAN = Duration.seconds(3 * POLL_PERIOD_SECONDS);

interface AlarmRule {
  /** In the alarm's name, before the connector's id. */
  readonly name: string;
  readonly metric: MetricName;
  readonly statistic: 'Maximum' | 'Sum';
  /** Goes off above it. */
  readonly above: number;
  /** A function that no longer runs says nothing; elsewhere no data is good news. */
  readonly silenceIsBad?: boolean;
  /** What is wrong and what to do, to go on behind "Connector <id>". */
  readonly says: string;
}

const ALARMS: readonly AlarmRule[] = [
  {
    name: 'Stale',
    metric: METRIC.watermarkAge,
    statistic: 'Maximum',
    above: STALE_SECONDS,
    silenceIsBad: true,
    says: `is over ${STALE_SECONDS / 60} minutes behind, or has stopped running. The function's log says why.`,
  },
  {
    name: 'Failing',
    metric: METRIC.failed,
    statistic: 'Sum',
    above: 1,
    says: "failed in at least two of its last three runs. The function's log says why and what to do.",
  },
  {
    name: 'Gap',
    metric: METRIC.gaps,
    statistic: 'Sum',
    above: 0,
    says:
      'has lost a part of the audit log: Tailscale no longer keeps it. The health event "gap" and the table\'s ledger (GAP#) name the interval. ' +
      'The admin console or a log stream may still have it. Then find out why nobody heard the alarms before this one.',
  },
  {
    name: 'StateLost',
    metric: METRIC.stateLost,
    statistic: 'Sum',
    above: 0,
    says:
      'found no watermark that can be right, and reads again from its installation, or as far back as Tailscale keeps the log. What was published before is left out; ' +
      'if the table lost that too, events come twice, with the same ids. Find out who deleted, edited or restored items of the table.',
  },
  {
    name: 'Quarantined',
    metric: METRIC.quarantined,
    statistic: 'Sum',
    above: 0,
    says:
      "has put events aside: the bus would not take them, or their records could not be read. The table's ledger (QUAR#) says why and where in the archive bucket each one lies. " +
      'Once the cause is gone, invoke the backfill function with {"action":"redrive"}.',
  },
  {
    name: 'ClockSkew',
    metric: METRIC.clockSkew,
    statistic: 'Maximum',
    above: SKEW_SECONDS,
    says:
      `and Tailscale disagree on the time by over ${SKEW_SECONDS / 60} minutes. Nothing is lost, because the watermark follows the earlier clock, but events come late. ` +
      "If apiUrl leads through a proxy, look at its clock; else at Tailscale's status page.",
  },
];

export interface ConnectorMonitoringProps extends MonitoringOptions {
  readonly connectorIds: readonly string[];
}

/** The same alarms for each connector. */
export class ConnectorMonitoring extends Construct {
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, { connectorIds, alarmTopicArn }: ConnectorMonitoringProps) {
    super(scope, id);
    this.alarms = connectorIds.flatMap((connector) => ALARMS.map((rule) => this.createAlarm(connector, rule)));
    if (alarmTopicArn === undefined) return;
    const action = new SnsAction(Topic.fromTopicArn(this, 'Topic', alarmTopicArn));
    this.alarms.forEach((alarm) => {
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    });
  }

  private createAlarm(
    connector: string,
    { name, metric, statistic, above, silenceIsBad = false, says }: AlarmRule,
  ): Alarm {
    return new Alarm(this, `${name}-${connector}`, {
      alarmDescription: `Connector ${connector} ${says}`,
      metric: new Metric({
        namespace: METRICS_NAMESPACE,
        metricName: metric,
        dimensionsMap: { connector },
        statistic,
        period: SPAN,
      }),
      threshold: above,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: silenceIsBad ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
  }
}

import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { METRIC, METRICS_NAMESPACE } from '../lib/contract/names';
import type { MetricName } from '../lib/contract/names';
import { POLL_PERIOD_SECONDS, STALE_SECONDS } from '../lib/contract/timing';
import type { MonitoringOptions } from './options';

/** Seconds. An HTTP date is exact to one second, and AWS clocks are more exact. */
const SKEW_SECONDS = 300;

/** Three ticks: in a shorter period a slow run after a quick one would look like missing data. */
const SPAN = Duration.seconds(3 * POLL_PERIOD_SECONDS);

interface AlarmRule {
  /** Alarm name, before the connector's id. */
  readonly name: string;
  readonly metric: MetricName;
  readonly statistic: 'Maximum' | 'Sum';
  /** Threshold. */
  readonly above: number;
  /** Missing data also raises the alarm: the function no longer runs. */
  readonly silenceIsBad?: boolean;
  /** Description, after "Connector <id>": what is wrong and what to do. */
  readonly description: string;
}

const ALARMS: readonly AlarmRule[] = [
  {
    name: 'Stale',
    metric: METRIC.watermarkAge,
    statistic: 'Maximum',
    above: STALE_SECONDS,
    silenceIsBad: true,
    description: `has a watermark older than ${STALE_SECONDS / 60} minutes, or has stopped running. See the function's log.`,
  },
  {
    name: 'Failing',
    metric: METRIC.failed,
    statistic: 'Sum',
    above: 1,
    description: "failed in at least two of its last three runs. The function's log says why and what to do.",
  },
  {
    name: 'Gap',
    metric: METRIC.gaps,
    statistic: 'Sum',
    above: 0,
    description:
      'lost a part of the audit log, which Tailscale no longer keeps. The health event "gap" and the table\'s ledger (GAP#) name the interval. ' +
      'A log stream may still have it. Find out why the earlier alarms were missed.',
  },
  {
    name: 'StateLost',
    metric: METRIC.stateLost,
    statistic: 'Sum',
    above: 0,
    description:
      'found no valid watermark. It reads again from its installation, or as far back as Tailscale keeps the log, and skips published events; ' +
      'if the table lost the published ids too, events are published twice, with the same ids. Find out who deleted, edited or restored items of the table.',
  },
  {
    name: 'Quarantined',
    metric: METRIC.quarantined,
    statistic: 'Sum',
    above: 0,
    description:
      "quarantined events: EventBridge rejected them, or their records could not be parsed. The table's ledger (QUAR#) has each reason and the key in the archive bucket. " +
      'Once the cause is fixed, invoke the backfill function with {"action":"redrive"}.',
  },
  {
    name: 'ClockSkew',
    metric: METRIC.clockSkew,
    statistic: 'Maximum',
    above: SKEW_SECONDS,
    description:
      `and Tailscale have clocks that differ by over ${SKEW_SECONDS / 60} minutes. Nothing is lost, because the watermark follows the earlier clock, but events are late. ` +
      "Check the clock of the proxy if apiUrl is one; else Tailscale's status page.",
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
    { name, metric, statistic, above, silenceIsBad = false, description }: AlarmRule,
  ): Alarm {
    return new Alarm(this, `${name}-${connector}`, {
      alarmDescription: `Connector ${connector} ${description}`,
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

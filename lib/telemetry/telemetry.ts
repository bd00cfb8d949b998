import type { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRIC, METRICS_NAMESPACE, type MetricName } from '../contract/names';
import type { Telemetry } from '../ports/telemetry';

/** Characters of a text field in a log line. */
const MAX_FIELD = 1_000;

const SECONDS: ReadonlySet<MetricName> = new Set([
  METRIC.watermarkAge,
  METRIC.clockSkew,
  METRIC.lateLag,
  METRIC.lastEventAge,
]);

export interface TelemetryDeps {
  readonly logger: Logger;
  readonly metricsOf?: (connector: string) => Metrics;
}

/** JSON log lines, and metrics in CloudWatch's embedded format, one set per connector. */
export function createTelemetry({ logger, metricsOf = createMetrics }: TelemetryDeps): Telemetry & { flush(): void } {
  const used = new Map<string, Metrics>();
  const log =
    (level: 'info' | 'warn' | 'error'): Telemetry['info'] =>
    (message, fields = {}) => {
      logger[level](
        message,
        Object.fromEntries(
          Object.entries(fields).map(([name, value]) => [
            name,
            typeof value === 'string' ? value.slice(0, MAX_FIELD) : value,
          ]),
        ),
      );
    };
  /** A metric that fails must not stop the delivery of events. */
  const orWarn = (count: () => void) => {
    try {
      count();
    } catch (error) {
      logger.warn('a metric could not be emitted', { reason: String(error) });
    }
  };
  return {
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    count(connector, metric, value) {
      orWarn(() => {
        const metrics = used.get(connector) ?? metricsOf(connector);
        used.set(connector, metrics);
        metrics.addMetric(metric, SECONDS.has(metric) ? MetricUnit.Seconds : MetricUnit.Count, value);
      });
    },
    flush() {
      for (const metrics of used.values())
        orWarn(() => {
          metrics.publishStoredMetrics();
        });
    },
  };
}

/** Alarms select metrics by the one dimension `connector`; Powertools would add the service. */
function createMetrics(connector: string): Metrics {
  const metrics = new Metrics({ namespace: METRICS_NAMESPACE });
  metrics.clearDefaultDimensions();
  metrics.setDefaultDimensions({ connector });
  return metrics;
}

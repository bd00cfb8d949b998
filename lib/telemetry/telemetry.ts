import type { Logger } from '@aws-lambda-powertools/logger';
import { MetricUnit, type Metrics } from '@aws-lambda-powertools/metrics';
import type { Telemetry } from '../ports/telemetry';
import { METRIC, type MetricName } from '../contract/names';

/** Characters of a text field in a log line. */
const MAX_FIELD = 1_000;

const SECONDS: ReadonlySet<MetricName> = new Set([
  METRIC.watermarkAge,
  METRIC.clockSkew,
  METRIC.lateLag,
  METRIC.lastEventAge,
]);

/** JSON log lines, and metrics in CloudWatch's embedded format, one set per connector. */
export function createTelemetry({
  logger,
  metricsOf,
}: {
  logger: Logger;
  metricsOf: (connector: string) => Metrics;
}): Telemetry & { flush(): void } {
  const used = new Map<string, Metrics>();
  const fieldsOf = (fields: Readonly<Record<string, unknown>> = {}) =>
    Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === 'string' ? value.slice(0, MAX_FIELD) : value,
      ]),
    );
  /** A metric that cannot be counted must not hold an event up. */
  const withoutHarm = (count: () => void) => {
    try {
      count();
    } catch (error) {
      logger.warn('a metric could not be counted', { reason: String(error) });
    }
  };
  return {
    info: (message, fields) => {
      logger.info(message, fieldsOf(fields));
    },
    warn: (message, fields) => {
      logger.warn(message, fieldsOf(fields));
    },
    error: (message, fields) => {
      logger.error(message, fieldsOf(fields));
    },
    count(connector, metric, value) {
      withoutHarm(() => {
        const metrics = used.get(connector) ?? metricsOf(connector);
        used.set(connector, metrics);
        metrics.addMetric(metric, SECONDS.has(metric) ? MetricUnit.Seconds : MetricUnit.Count, value);
      });
    },
    flush() {
      for (const metrics of used.values())
        withoutHarm(() => {
          metrics.publishStoredMetrics();
        });
    },
  };
}

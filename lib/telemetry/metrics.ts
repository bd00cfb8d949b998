import { Metrics } from '@aws-lambda-powertools/metrics';
import { METRICS_NAMESPACE } from '../contract/names';

/** A connector's metrics. The alarms ask for those whose only dimension is the connector; Powertools would add the service. */
export function metricsOf(connector: string): Metrics {
  const metrics = new Metrics({ namespace: METRICS_NAMESPACE });
  metrics.clearDefaultDimensions();
  metrics.setDefaultDimensions({ connector });
  return metrics;
}

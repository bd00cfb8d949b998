import { join } from 'node:path';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { METRIC } from '../../../lib/contract/names';
import { createTelemetry } from '../../../lib/telemetry/telemetry';
import { record } from '../../harness/environment';
import { createEnvironments, delivered } from './environments';

const environments = createEnvironments();

describe('[case 71] metrics that fail', () => {
  it('hold no event up: a tick delivers, commits and ends well', async () => {
    const setup = await environments.open({ dialect: 'audit', api: { pageSize: 2 } });
    setup.api.add([record(), record(), record()]);
    const lambda = await setup.sandbox({ NODE_OPTIONS: `--require ${join(__dirname, 'metrics-fail-preload.cjs')}` });
    await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 3, partial: false }] });
    await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 0, duplicates: 3 }] });
    expect(delivered(setup)).toEqual({ different: 3, copies: 1 });
    expect(lambda.output()).not.toContain('"_aws"');
    expect(await setup.item('STATE')).toMatchObject({ rev: 4, failStreak: 0 });
  });

  it('are a line in the log, and no failure of whoever counts', () => {
    const metrics = new Metrics({ namespace: 'test' });
    const lines: string[] = [];
    const logger = new Logger();
    jest.spyOn(logger, 'warn').mockImplementation((...[message]) => {
      lines.push(JSON.stringify(message));
    });
    const telemetry = createTelemetry({ logger, metricsOf: () => metrics });
    const fail = (): never => {
      throw new RangeError('no such metric');
    };
    jest.spyOn(metrics, 'addMetric').mockImplementation(fail);
    jest.spyOn(metrics, 'publishStoredMetrics').mockImplementation(fail);
    telemetry.count('default', METRIC.emitted, Number.NaN);
    telemetry.flush();
    expect(lines).toHaveLength(2);
  });
});

import { resourcesOf, synthesize } from './synth';

const TOPIC = 'arn:aws:sns:eu-central-1:111122223333:on-call';

describe('the alarms', () => {
  it('go off when a connector is behind or silent, fails, has lost or put aside something, or disagrees on the time', () => {
    const above = (MetricName: string, Statistic: string, Threshold: number, TreatMissingData: string) =>
      expect.objectContaining({
        MetricName,
        Statistic,
        Threshold,
        TreatMissingData,
        ComparisonOperator: 'GreaterThanThreshold',
        Period: 900,
        EvaluationPeriods: 1,
      }) as unknown;
    expect(resourcesOf(synthesize(), 'AWS::CloudWatch::Alarm').map(({ Properties }) => Properties)).toEqual([
      above('WatermarkAgeSeconds', 'Maximum', 1200, 'breaching'),
      above('PollFailed', 'Sum', 1, 'notBreaching'),
      above('Gaps', 'Sum', 0, 'notBreaching'),
      above('StateLost', 'Sum', 0, 'notBreaching'),
      above('EventsQuarantined', 'Sum', 0, 'notBreaching'),
      above('ClockSkewSeconds', 'Maximum', 300, 'notBreaching'),
    ]);
  });

  it('watch each connector by itself, and name it to whoever is woken', () => {
    const alarms = resourcesOf(
      synthesize({
        connectors: [
          { id: 'berlin', tailnet: 'berlin.example.com' },
          { id: 'new-york', tailnet: '-' },
        ],
      }),
      'AWS::CloudWatch::Alarm',
    ).map(({ Properties }) => Properties);
    for (const connector of ['berlin', 'new-york']) {
      const own = alarms.filter(
        ({ Dimensions }) => JSON.stringify(Dimensions) === JSON.stringify([{ Name: 'connector', Value: connector }]),
      );
      expect(own).toHaveLength(alarms.length / 2);
      for (const { AlarmDescription } of own)
        expect(AlarmDescription).toMatch(new RegExp(`^Connector ${connector} .*\\.$`));
    }
  });

  it('tell the topic when they go off and when they are over', () => {
    for (const alarm of resourcesOf(synthesize({ monitoring: { alarmTopicArn: TOPIC } }), 'AWS::CloudWatch::Alarm')) {
      expect(alarm.Properties).toMatchObject({ AlarmActions: [TOPIC], OKActions: [TOPIC] });
    }
  });

  it('are left out only when that is said', () => {
    expect(resourcesOf(synthesize({ monitoring: false }), 'AWS::CloudWatch::Alarm')).toEqual([]);
  });
});

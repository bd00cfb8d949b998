import { validateEvent } from '../../harness/validate-event';
import { record, type TestEnvironment } from '../../harness/environment';
import { about, createEnvironments } from './environments';

const environments = createEnvironments();

/** The API answers with these records, each a JSON text as it stands. */
function answering(setup: TestEnvironment, records: readonly string[]): void {
  setup.api.intercept(({ endpoint }) => ({
    body:
      endpoint === 'audit'
        ? `{"auditLogs":[${records.join(',')}]}`
        : `{"tailnetId":"example.com","logs":[${records.join(',')}]}`,
  }));
}

const text = (name: string, fields: object = {}) => JSON.stringify(record(1_000, about(name, fields)));

describe.each(['audit', 'configuration'] as const)('in the %s dialect', (dialect) => {
  it('[case 56] [case 58] [case 59] hostile records arrive whole, once, as valid events, and are one line each in the log', async () => {
    const setup = await environments.open({ dialect, environment: { LOG_LEVEL: 'DEBUG' } });
    const hostile = {
      long: text('long', { new: 'N' }).replace('"N"', '[9223372036854775808,1e400,-0,0.1]'),
      twice: text('twice', { new: 'first' }).replace('"new":"first"', '"new":"first","new":"last"'),
      proto: text('proto', { new: 'P' }).replace(
        '"P"',
        '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
      ),
      nul: text('nul', { new: 'a\u0000b\u001b[31mred\r\n{"level":"ERROR"}\u2028' }),
      half: text('half', { new: 'H' }).replace('"H"', '"\\ud800"'),
      action: text('action', { action: 'DE\nTONATE', origin: 'MOON', brandNew: [1] }),
      changed: text('changed', { actor: 'alice', error: { code: 7 }, old: true, new: null }),
    };
    answering(setup, Object.values(hostile));
    const lambda = await setup.sandbox();
    await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 7, duplicates: 0 }] });
    await expect(lambda.poll()).resolves.toMatchObject({ connectors: [{ emitted: 0, duplicates: 7 }] });

    const details = Object.fromEntries(
      setup.events.map(({ detail }) => [(detail['target'] as { name: string }).name, detail]),
    );
    for (const detail of Object.values(details)) validateEvent(detail);
    const news = Object.fromEntries(
      Object.entries(details).map(([name, detail]) => [name, (detail['change'] as { new: unknown }).new]),
    );
    expect(news).toEqual({
      long: ['9223372036854775808', '1e400', 0, 0.1],
      twice: 'last',
      proto: JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as unknown,
      nul: 'a\u0000b\u001b[31mred\r\n{"level":"ERROR"}\u2028',
      half: '\ufffd',
      action: null,
      changed: null,
    });
    expect(details['action']).toMatchObject({
      unparsed: false,
      schemaDrift: expect.arrayContaining(['brandNew', 'origin', 'action']) as unknown,
    });
    expect(details['changed']).toMatchObject({ actor: { id: 'alice' }, outcome: 'failure', change: { old: true } });
    for (const line of lambda.output().trim().split('\n'))
      expect(JSON.parse(line)).toHaveProperty(line.includes('"_aws"') ? '_aws' : 'level');
  });
});

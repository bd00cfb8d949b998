import { DescribeEventBusCommand, EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import type { DeliveredEvent } from '../../../local/gateway/put-events';
import { startGateway } from '../../../local/gateway/server';
import type { Gateway } from '../../../local/gateway/server';

const NOW = Date.parse('2026-11-22T08:00:00.999Z');
const BUS_ARN = 'arn:aws:events:eu-central-1:000000000000:event-bus/audit';

let gateway: Gateway;
let client: EventBridgeClient;
let delivered: DeliveredEvent[];
beforeEach(async () => {
  gateway = await startGateway({ clock: { now: () => NOW } });
  gateway.events.createBus('audit');
  delivered = [];
  gateway.events.on('audit', null, (event) => delivered.push(event));
  client = new EventBridgeClient({ ...LOCAL_CLIENT, endpoint: gateway.url });
});
afterEach(() => gateway.close());

const put = (...entries: PutEventsRequestEntry[]) => client.send(new PutEventsCommand({ Entries: entries }));
const entry = (more: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  EventBusName: 'audit',
  Source: 'tailscale',
  DetailType: 'd',
  Detail: '{}',
  ...more,
});

describe('an event that is put', () => {
  it('arrives as a target gets it, under the id that the publisher got', async () => {
    const { FailedEntryCount: failed, Entries: results } = await put(
      entry({ Detail: '{"a":[1,null]}', Time: new Date('2026-11-22T07:59:30.5Z'), Resources: ['arn:x'] }),
    );
    expect(failed).toBe(0);
    expect(delivered).toEqual([
      {
        version: '0',
        id: results?.[0]?.EventId,
        'detail-type': 'd',
        source: 'tailscale',
        account: '000000000000',
        time: '2026-11-22T07:59:30Z',
        region: 'eu-central-1',
        resources: ['arn:x'],
        detail: { a: [1, null] },
      },
    ]);
  });

  it('is dated now when it has no time', async () => {
    await put(entry());
    expect(delivered[0]).toMatchObject({ time: '2026-11-22T08:00:00Z', resources: [] });
  });

  it('finds its bus by ARN', async () => {
    await put(entry({ EventBusName: BUS_ARN }));
    expect(delivered).toHaveLength(1);
  });

  it.each([
    ['unknown', 'nowhere'],
    ['in another account', BUS_ARN.replace('000000000000', '999999999999')],
  ])('is dropped with a success when its bus is %s', async (_, EventBusName) => {
    const { FailedEntryCount: failed, Entries: results } = await put(entry({ EventBusName }));
    expect(failed).toBe(0);
    expect(results?.[0]?.EventId).toMatch(/^[0-9a-f-]{36}$/);
    expect(delivered).toEqual([]);
  });

  it('goes to the default bus when it names none', async () => {
    const sources: string[] = [];
    gateway.events.on('default', null, ({ source }) => sources.push(source));
    await client.send(new PutEventsCommand({ Entries: [{ Source: 'tailscale', DetailType: 'd', Detail: '{}' }] }));
    expect(sources).toEqual(['tailscale']);
    expect(delivered).toEqual([]);
  });

  it('goes only to listeners whose pattern it matches, until they leave', async () => {
    const severities: unknown[] = [];
    const leave = gateway.events.on('audit', { detail: { severity: ['high'] } }, ({ detail }) =>
      severities.push(detail['severity']),
    );
    const high = entry({ Detail: '{"severity":"high"}' });
    await put(high, entry({ Detail: '{"severity":"info"}' }));
    leave();
    await put(high);
    expect(severities).toEqual(['high']);
  });
});

describe('a request', () => {
  it.each([
    [0, 'greater than or equal to 1'],
    [11, 'less than or equal to 10'],
  ])('of %i entries is refused', async (count, reason) => {
    await expect(put(...Array.from({ length: count }, () => entry()))).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(reason) as unknown,
    });
    expect(delivered).toEqual([]);
  });

  /** Two entries of `bytes` in total; the first has every part that counts, and characters of two bytes. */
  const sized = (bytes: number) => {
    const first = entry({
      Source: 's',
      DetailType: 'd',
      Time: new Date(NOW),
      Resources: ['r'],
      Detail: `{"":"${'ä'.repeat(100)}"}`,
    });
    const fixed = 1 + 1 + 14 + 1 + 7 + 200 + 1 + 1;
    return [first, entry({ Source: 's', DetailType: 'd', Detail: `{"":"${'x'.repeat(bytes - fixed - 7)}"}` })];
  };

  it('just below a million bytes is taken', async () => {
    await put(...sized(999_999));
    expect(delivered).toHaveLength(2);
  });

  it('of a million bytes is refused', async () => {
    await expect(put(...sized(1_000_000))).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Total size of the entries in the request is over the limit.',
    });
    expect(delivered).toEqual([]);
  });
});

describe('an entry', () => {
  it.each<[string, string, Partial<PutEventsRequestEntry>]>([
    ['without a source', 'InvalidArgument', { Source: undefined }],
    ['with an empty source', 'InvalidArgument', { Source: '' }],
    ['without a detail type', 'InvalidArgument', { DetailType: undefined }],
    ['without a detail', 'InvalidArgument', { Detail: undefined }],
    ['whose detail is no JSON', 'MalformedDetail', { Detail: '{' }],
    ['whose detail is a list', 'MalformedDetail', { Detail: '[]' }],
    ['whose detail is null', 'MalformedDetail', { Detail: 'null' }],
    ['whose detail is text', 'MalformedDetail', { Detail: '"a"' }],
    [
      'whose detail is nested too deep',
      'MalformedDetail',
      { Detail: `{"a":${'['.repeat(1_101)}${']'.repeat(1_101)}}` },
    ],
    ['in the name of AWS', 'NotAuthorizedForSourceException', { Source: 'aws.ec2' }],
  ])('%s fails alone, with %s', async (_, code, more) => {
    const { FailedEntryCount: failed, Entries: results } = await put(entry(), entry(more), entry());
    expect(failed).toBe(1);
    expect(results?.map(({ ErrorCode: error }) => error)).toEqual([undefined, code, undefined]);
    expect(results?.[1]).toEqual({ ErrorCode: code, ErrorMessage: expect.any(String) as unknown });
    expect(delivered).toHaveLength(2);
  });

  it('may be nested a thousand levels deep', async () => {
    await expect(put(entry({ Detail: `{"a":${'['.repeat(1_000)}${']'.repeat(1_000)}}` }))).resolves.toMatchObject({
      FailedEntryCount: 0,
    });
  });
});

describe('a bus', () => {
  it('is described by name and by ARN', async () => {
    for (const Name of ['audit', BUS_ARN]) {
      await expect(client.send(new DescribeEventBusCommand({ Name }))).resolves.toMatchObject({
        Name: 'audit',
        Arn: BUS_ARN,
        CreationTime: new Date(NOW),
      });
    }
    await expect(client.send(new DescribeEventBusCommand({}))).resolves.toMatchObject({ Name: 'default' });
  });

  it('that is not there cannot be described', async () => {
    await expect(client.send(new DescribeEventBusCommand({ Name: 'nowhere' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Event bus nowhere does not exist.',
    });
  });

  it('that is deleted inside the process swallows events from then on', async () => {
    gateway.events.deleteBus('audit');
    await expect(put(entry())).resolves.toMatchObject({ FailedEntryCount: 0 });
    expect(delivered).toEqual([]);
    expect(() => gateway.events.on('audit', null, () => undefined)).toThrow('Event bus audit does not exist.');
  });
});

import { ConnectorError, toConnectorError } from '../../../lib/domain/errors';
import { InvalidInput } from '../../../lib/contract/parse';
import { HOSTILE, HOSTILE_MB, steering } from '../../harness/hostile-text';

it.each<[what: string, make: (text: string) => Error, max: number]>([
  ['a failure of ours', (text) => new ConnectorError('UPSTREAM_INVALID', text), 2_000],
  ['a failure that nobody foresaw', (text) => toConnectorError(new TypeError(text)), 500],
  ['input that is not as it should be', (text) => new InvalidInput(text, [text, text]), 8_000],
])('%s is one bounded line', (_, make, max) => {
  for (const text of [HOSTILE, HOSTILE_MB]) {
    const { message } = make(text);
    expect(steering(message)).toEqual([]);
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThanOrEqual(max);
  }
});

it('keeps the name and the message of what nobody foresaw', () => {
  expect(toConnectorError(new TypeError('x is not a function'))).toMatchObject({
    code: 'UNEXPECTED',
    message: 'TypeError: x is not a function',
  });
});

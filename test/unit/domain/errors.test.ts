import { ConnectorError, toConnectorError } from '../../../lib/domain/errors';
import { InvalidInput } from '../../../lib/contract/parse';
import { HOSTILE, HOSTILE_MB, steering } from '../../harness/hostile-text';

it.each<[what: string, make: (text: string) => Error, max: number]>([
  ['a connector error', (text) => new ConnectorError('UPSTREAM_INVALID', text), 2_000],
  ['an unforeseen error', (text) => toConnectorError(new TypeError(text)), 500],
  ['invalid input', (text) => new InvalidInput(text, [text, text]), 8_000],
])('%s is one bounded line', (_, make, max) => {
  for (const text of [HOSTILE, HOSTILE_MB]) {
    const { message } = make(text);
    expect(steering(message)).toEqual([]);
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThanOrEqual(max);
  }
});

it('keeps the name and the message of an unforeseen error', () => {
  expect(toConnectorError(new TypeError('x is not a function'))).toMatchObject({
    code: 'UNEXPECTED',
    message: 'TypeError: x is not a function',
  });
});

import { redact } from '../../../../lib/events/redact/redact';
import { redactText } from '../../../../lib/events/redact/redact-text';
import { FORMS, NAMES, NOT_NAMES, PREFIXES } from '../../../../lib/events/redact/redaction-table';
import { isSecretName, isSecretParameter } from '../../../../lib/events/redact/secret-names';
import { body, PLANTED_FORMS, PLANTED_NAMES, PLANTED_TOKENS } from './planted';

describe('names', () => {
  const anywhere = NAMES.filter(({ queryOnly }) => queryOnly !== true);

  it.each(anywhere.map(({ ending, example, lookalike }) => [ending, example, lookalike]))(
    '%s: %s is the name of a secret, %s is not',
    (_, example, lookalike) => {
      expect([isSecretName(example), isSecretParameter(example)]).toEqual([true, true]);
      expect([isSecretName(lookalike), isSecretParameter(lookalike)]).toEqual([false, false]);
      expect(redact({ [example]: 'hunter2', [lookalike]: 'seen' }).value).toEqual({
        [example]: '[REDACTED property]',
        [lookalike]: 'seen',
      });
    },
  );

  it.each(NAMES.filter(({ queryOnly }) => queryOnly === true).map(({ example, lookalike }) => [example, lookalike]))(
    '%s is the name of a secret only in a query, %s never',
    (example, lookalike) => {
      expect([isSecretName(example), isSecretParameter(example)]).toEqual([false, true]);
      expect([isSecretName(lookalike), isSecretParameter(lookalike)]).toEqual([false, false]);
    },
  );

  it.each(PLANTED_NAMES.map(({ text, expected }) => [text, expected]))('%s', (text, expected) => {
    expect(redactText(text).text).toBe(expected);
  });

  it.each(NOT_NAMES)('%s is not the name of a secret', (name) => {
    expect(isSecretName(name)).toBe(false);
  });

  it.each(['secret_value', 'tokenString', 'token1', 'SECRET_2', 'password3', 'api.key', 'x'.repeat(100) + '_token'])(
    '%s is the name of a secret, whatever is before or after the ending',
    (name) => {
      expect(isSecretName(name)).toBe(true);
    },
  );
});

describe('tokens by their prefix', () => {
  it.each(PLANTED_TOKENS.map(({ row, text, expected }) => [row, text, expected]))('%s', (_, text, expected) => {
    expect(redactText(`used ${text}, once`).text).toBe(`used ${expected}, once`);
    expect(redactText(text).text).toBe(expected);
    expect(redactText(JSON.stringify({ note: `a\n${text}` })).text).toBe(JSON.stringify({ note: `a\n${expected}` }));
    expect(redactText(`a\\n${text}\\n`).text).toBe(`a\\n${expected}\\n`);
  });

  it.each(PREFIXES.flatMap((row) => row.prefixes.map((prefix) => [prefix, `${prefix}${body(row, row.least - 1)}`])))(
    '%s with too few characters after it stays: %s',
    (_, text) => {
      expect(redactText(`used ${text}, once`)).toEqual({ text: `used ${text}, once`, kinds: [] });
    },
  );
});

describe('other forms', () => {
  it.each(PLANTED_FORMS.map(({ row, text, expected }) => [row, text, expected]))('%s: %s', (_, text, expected) => {
    expect(redactText(text).text).toBe(expected);
  });

  it.each(FORMS.flatMap(({ form, lookalikes }) => lookalikes.map((text) => [form, text])))(
    '%s: %s stays',
    (_, text) => {
      expect(redactText(text)).toEqual({ text, kinds: [] });
    },
  );

  it('each have an example and a look-alike', () => {
    for (const { examples, decoded = [], lookalikes } of FORMS)
      expect([examples.length + decoded.length > 0, lookalikes.length > 0]).toEqual([true, true]);
  });
});

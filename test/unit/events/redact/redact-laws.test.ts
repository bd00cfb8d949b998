import fc from 'fast-check';
import { redact } from '../../../../lib/events/redact/redact';
import { redactText } from '../../../../lib/events/redact/redact-text';
import { NAMES, NOT_NAMES } from '../../../../lib/events/redact/redaction-table';
import { readPolicy } from '../../../../lib/policy/parse/policy';
import { semanticDiff } from '../../../../lib/policy/compare/semantic-diff';
import { policy, randomness } from '../../policy/arbitrary';
import { PLANTED_ANYWHERE, PLANTED_NAMES, PLANTED_TOKENS, type Planted } from './planted';

const PLANTED: readonly Planted[] = [...PLANTED_TOKENS, ...PLANTED_ANYWHERE, ...PLANTED_NAMES];
const LOOKALIKES = [...NOT_NAMES, ...NAMES.map(({ lookalike }) => `${lookalike}: `)];

/** What may stand around a secret without being part of it. */
const before = fc.constantFrom(
  '',
  ' ',
  '\n',
  '\t',
  'see ',
  'at 10:00 ',
  '(',
  '[',
  '{',
  '; ',
  ', ',
  '// ',
  '/* ',
  '# ',
  'a > ',
  'émile ',
  '👍 ',
  'tskey-token-EXAMPLE ',
  '[REDACTED property] ',
  'https://example.com/x ',
  '{"a": [1]} ',
  ...LOOKALIKES.map((text) => `${text} `),
);
const after = fc.constantFrom(
  '',
  ' ',
  '\n',
  ' then',
  '\nline',
  ' )',
  ' ]',
  ' }',
  ' // x',
  ' */',
  ' é',
  ' tskey-token-EXAMPLE',
  ' [REDACTED jwt]',
  ' https://example.com/x',
);
const surrounded = fc
  .tuple(fc.constantFrom(...PLANTED), fc.array(before, { maxLength: 3 }), fc.array(after, { maxLength: 3 }))
  .map(([{ row, text, secret }, left, right]) => ({
    row,
    secret,
    text: left.join('') + text + right.join(''),
    rest: left.join('') + right.join(''),
  }))
  .filter(({ secret, rest }) => !rest.includes(secret));

/** Parts of which hostile texts are made: everything that the redactor looks for, cut and joined anywhere. */
const part = fc.oneof(
  fc
    .constantFrom(...PLANTED.flatMap(({ text, expected }) => [text, expected]))
    .chain((text) =>
      fc.tuple(fc.nat(text.length), fc.nat(text.length)).map(([a, b]) => text.slice(Math.min(a, b), Math.max(a, b))),
    ),
  fc.constantFrom(...PLANTED.map(({ text }) => text)),
  fc.constantFrom(
    '"',
    "'",
    '`',
    '\\',
    '\\"',
    '\n',
    ' ',
    ':',
    '=',
    ',',
    ';',
    '&',
    '<',
    '>',
    '/',
    '//',
    '/*',
    '*/',
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    '@',
    '[REDACTED',
    '[REDACTED property]',
    'token',
    'password',
    'key=',
    'tag:',
    'null',
    '10.0.0.1',
    '%2d',
    '\\u002d',
    '&quot;',
  ),
);
const hostile = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));

it('a secret of any row never survives, whatever stands around it', () => {
  fc.assert(
    fc.property(surrounded, ({ text, secret }) => {
      expect(redactText(text).text).not.toContain(secret);
    }),
    { numRuns: 2_000 },
  );
});

it('a secret of any row never survives in the string of a JSON text, however deep', () => {
  fc.assert(
    fc.property(surrounded, fc.integer({ min: 1, max: 4 }), ({ text, secret }, depth) => {
      let nested = text;
      for (let level = 0; level < depth; level += 1) nested = JSON.stringify({ note: [nested], n: 1 });
      expect(redactText(nested).text).not.toContain(secret);
      expect(() => JSON.parse(redactText(nested).text) as unknown).not.toThrow();
    }),
    { numRuns: 500 },
  );
});

it('a text redacted twice is as redacted once', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        surrounded.map(({ text }) => text),
        hostile,
      ),
      (text) => {
        const once = redactText(text).text;
        expect(redactText(once)).toEqual({ text: once, kinds: [] });
      },
    ),
    { numRuns: 2_000 },
  );
});

it('a value redacted twice is as redacted once', () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      hostile,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(
        fc.oneof(fc.constantFrom('name', 'value', 'old', ...NAMES.map(({ example }) => example)), hostile),
        tie('any'),
        { maxKeys: 4 },
      ),
    ),
  })).any;
  fc.assert(
    fc.property(value, (given) => {
      const once = redact(given).value;
      expect(redact(once)).toEqual({ value: once, redactions: [] });
    }),
    { numRuns: 1_000 },
  );
});

describe('a policy', () => {
  const bait = fc.oneof(
    hostile,
    fc.constantFrom(
      ...PLANTED.map(({ text }) => text.replaceAll(/["\\\n]/g, '')),
      'token:',
      'token=',
      "token='",
      '-----BEGIN PRIVATE KEY-----',
      '<password>',
      'Bearer ',
      'https://u:p',
      '//u:p',
      'x;Password=',
    ),
  );
  const comment = fc
    .tuple(bait, fc.boolean())
    .map(([text, isLine]) => (isLine ? `//${text.replaceAll('\n', '\n// ')}\n` : `/*${text.replaceAll('*/', '')}*/`));

  it('says the same under any comments, however they are made', () => {
    fc.assert(
      fc.property(
        policy,
        fc.array(comment, { minLength: 1, maxLength: 6 }),
        randomness,
        (content, comments, random) => {
          const baited = JSON.stringify(content, null, 1).replaceAll(
            '\n',
            () => `\n${comments[Math.floor(random() * comments.length)] ?? ''}`,
          );
          const plain = readPolicy(JSON.stringify(content));
          const read = readPolicy(redactText(`${comments.join('')}${baited}`).text);
          if ('error' in plain) throw new Error(plain.error.message);
          if ('error' in read) throw new Error(read.error.message);
          expect(semanticDiff(plain, read)).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('keeps aliases, ports and hosts that have the names of secrets', () => {
    const names = fc.constantFrom(...NAMES.flatMap(({ example, ending }) => [example, ending, `db-${ending}`]));
    const port = fc.constantFrom('22', '80,443', '*', '1-65535', '5432');
    const address = fc.constantFrom('10.0.0.1', '10.0.0.0/8', 'fd7a::1', 'fd7a::/48');
    const named = fc.tuple(names, port, address).map(([name, ports, host]) => ({
      groups: { [`group:${name}`]: [`${name}@example.com`] },
      tagOwners: { [`tag:${name}`]: [`group:${name}`, `tag:${name}`] },
      hosts: { [name]: host },
      ipsets: { [`ipset:${name}`]: [host, `add host:${name}`] },
      postures: { [`posture:${name}`]: [`custom:${name} == 'x'`, `custom:${name} IN ['a']`] },
      acls: [
        {
          action: 'accept',
          src: [`group:${name}`, name, `tag:${name}`],
          dst: [`tag:${name}:${ports}`, `${name}:${ports}`, `svc:${name}:${ports}`],
        },
      ],
      grants: [
        {
          src: [name],
          dst: [name],
          ip: ['tcp:443'],
          via: [`tag:${name}`],
          app: { [`example.com/cap/${name}`]: [{ secret: ['prod/*'], action: ['get'] }] },
        },
      ],
      ssh: [
        {
          action: 'check',
          src: [`group:${name}`],
          dst: [`tag:${name}`],
          users: [name],
          acceptEnv: [name.toUpperCase()],
        },
      ],
      autoApprovers: { routes: { [host]: [`tag:${name}`] }, services: { [`svc:${name}`]: [`tag:${name}`] } },
      tests: [{ src: name, accept: [`${name}:22`], deny: [`tag:${name}:80`] }],
      extraDNSRecords: [{ Name: name, Value: '10.0.0.1' }],
    }));
    fc.assert(
      fc.property(named, (content) => {
        for (const text of [JSON.stringify(content), JSON.stringify(content, null, 2)])
          expect(redactText(text)).toEqual({ text, kinds: [] });
      }),
      { numRuns: 200 },
    );
  });
});

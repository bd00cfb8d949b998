import { parseApiUrl, parseConnectors, parseEnvironment } from '../../../lib/contract/settings';

describe('the API URL', () => {
  it.each([
    ['https://api.tailscale.com', 'https://api.tailscale.com'],
    ['https://api.tailscale.com/', 'https://api.tailscale.com'],
    ['https://proxy.example.com:8443', 'https://proxy.example.com:8443'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['http://127.8.9.10', 'http://127.8.9.10'],
    ['http://localhost:1', 'http://localhost:1'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
  ])('takes %s', (text, origin) => {
    expect(parseApiUrl(text)).toBe(origin);
  });

  it.each([
    '',
    ' ',
    'api.tailscale.com',
    '//api.tailscale.com',
    'ftp://api.tailscale.com',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/plain,x',
    'http://api.tailscale.com',
    'http://10.0.0.1',
    'http://169.254.169.254',
    'http://169.254.169.254/latest/meta-data',
    'http://0.0.0.0',
    'http://[::ffff:10.0.0.1]',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'https://user@api.tailscale.com',
    'https://user:pass@api.tailscale.com',
    'https://@api.tailscale.com',
    'https://api.tailscale.com@evil.example.com',
    'https://api.tailscale.com/api/v2',
    'https://api.tailscale.com/../x',
    'https://api.tailscale.com?x=1',
    'https://api.tailscale.com?',
    'https://api.tailscale.com#x',
    'https://api.tailscale.com#',
    'https://api.tailscale.com\\@evil.example.com',
    'https://api.tailscale.com /',
    'https://\napi.tailscale.com',
    'https://api.tailscale.com:99999',
    'https:',
  ])('refuses %j', (text) => {
    expect(() => parseApiUrl(text)).toThrow(/TAILSCALE_API_URL: must/);
  });
});

describe('the connectors', () => {
  const one = { id: 'default', tailnet: '-', secretId: 's' };

  it('default to the automatic dialect', () => {
    expect(parseConnectors([one])).toEqual([{ ...one, dialect: 'auto' }]);
  });

  it.each(['-', 'example.com', 'T1234CNTRL', 'alice@example.com', 'alice+x@example.com', 'my-org.github', 'a'])(
    '[case 75] may follow the tailnet %s',
    (tailnet) => {
      expect(parseConnectors([{ ...one, tailnet }])).toHaveLength(1);
    },
  );

  it.each(['', '.', '..', 'a..b', '../x', 'a/b', 'a%2fb', 'a b', 'a\nb', '-a', 'a?b', 'a#b', 'ä', 'a'.repeat(300)])(
    '[case 75] may not follow the tailnet %j',
    (tailnet) => {
      expect(() => parseConnectors([{ ...one, tailnet }])).toThrow(/\[0\]\.tailnet: must/);
    },
  );

  it.each([
    ['no list', {}, /expected array/],
    ['an empty list', [], /at least one/],
    ['an id in capitals', [{ ...one, id: 'Default' }], /\[0\]\.id: must be 1 to 32/],
    ['an unknown field', [{ ...one, tenant: 'x' }], /tenant/],
    ['a repeated id', [one, { ...one, tailnet: 'example.com' }], /two connectors have the id "default"/],
    [
      'one tailnet twice',
      [
        { ...one, tailnet: 'a.com' },
        { ...one, id: 'b', tailnet: 'A.com' },
      ],
      /two connectors follow the tailnet "a.com"/,
    ],
    ['one credential twice', [one, { ...one, id: 'b' }], /two connectors follow/],
  ])('may not be %s', (_, value, message) => {
    expect(() => parseConnectors(value)).toThrow(message);
  });
});

it('takes "-" twice when the credentials differ', () => {
  expect(
    parseConnectors([
      { id: 'a', tailnet: '-', secretId: 'a' },
      { id: 'b', tailnet: '-', secretId: 'b' },
    ]),
  ).toHaveLength(2);
});

it('has defaults for everything but what the deployment makes', () => {
  const env = {
    CONNECTORS: '[{"id":"default","tailnet":"-","secretId":"s"}]',
    TABLE_NAME: 'table',
    EVENT_BUS_NAME: 'bus',
    ARCHIVE_BUCKET: 'archive',
  };
  expect(parseEnvironment(env)).toEqual({
    connectors: [{ id: 'default', tailnet: '-', secretId: 's', dialect: 'auto' }],
    tableName: 'table',
    busName: 'bus',
    archiveBucket: 'archive',
    apiUrl: 'https://api.tailscale.com',
    overlapMinutes: 60,
    severityProfile: 'spec',
    expectedActivity: [],
  });
});

it('never repeats a value of the environment, which may be a secret in the wrong place', () => {
  const env = {
    CONNECTORS: 'tskey-api-canary',
    TABLE_NAME: '',
    EVENT_BUS_NAME: '',
    SEVERITY_PROFILE: 'tskey-api-canary',
  };
  expect(() => parseEnvironment(env)).toThrow(/^environment: (?!.*canary)/);
});

import fc from 'fast-check';
import { ConnectorError } from '../../../lib/domain/errors';
import { createTailscale } from '../../../lib/tailscale/client';
import { logUrl } from '../../../lib/tailscale/dialects/log-url';
import { apiKey, createClock, createCredentials } from './setting';

const api = new URL('https://api.tailscale.com');

describe('the URL of a log', () => {
  it.each([
    ['-', '/api/v2/tailnet/-/audit'],
    ['example.com', '/api/v2/tailnet/example.com/audit'],
    ['TZkuTXvB1CNTRL', '/api/v2/tailnet/TZkuTXvB1CNTRL/audit'],
    ['someone+tag@example.com', '/api/v2/tailnet/someone%2Btag%40example.com/audit'],
  ])('of the tailnet %s is %s [case 75]', (tailnet, pathname) => {
    expect(logUrl(api, tailnet, 'audit', {}).href).toBe(`https://api.tailscale.com${pathname}`);
  });

  it.each(['', '.', '..', '%2e%2e', 'a%2fb', '%00'])('of the tailnet %j is not made [case 75]', (tailnet) => {
    expect(() => logUrl(api, tailnet, 'audit', {})).toThrow(ConnectorError);
  });

  it('[case 75] stays on the host and in its place, whatever the tailnet is called', () => {
    const hostile = fc.stringMatching(/^[./\\?#@:%;&=+ a-z0-9\r\n\t-]{0,12}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), hostile), (tailnet) => {
        let url: URL;
        try {
          url = logUrl(api, tailnet, 'logging/configuration', { start: 'x' });
        } catch {
          return;
        }
        expect(url.origin).toBe('https://api.tailscale.com');
        expect(url.pathname.split('/')).toEqual([
          '',
          'api',
          'v2',
          'tailnet',
          encodeURIComponent(tailnet),
          'logging',
          'configuration',
        ]);
        expect(url.search).toBe('?start=x');
        expect(url.hash).toBe('');
      }),
    );
  });
});

describe('the API URL', () => {
  it.each([
    'http://api.tailscale.com',
    'https://user:pw@api.tailscale.com',
    'https://api.tailscale.com/x',
    'ftp://127.0.0.1',
    'http://127.0.0.1.evil.example',
    'not a url',
  ])('is refused when it is %s', (apiUrl) => {
    expect(() =>
      createTailscale({ apiUrl, credentials: createCredentials(apiKey()), clock: createClock(), random: () => 0 }),
    ).toThrow(/apiUrl/);
  });
});

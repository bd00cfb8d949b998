import { ConnectorError } from '../../domain/errors';

/**
 * Where a tailnet's log is. Encoding alone would let `..` climb out of the path, so such names are refused, and the
 * finished URL is compared with what was meant.
 *
 * @throws ConnectorError NOT_FOUND for a name that no path segment can carry.
 */
export function logUrl(
  apiUrl: URL,
  tailnet: string,
  log: 'audit' | 'logging/configuration',
  query: Readonly<Record<string, string>>,
): URL {
  if (tailnet === '' || tailnet === '.' || tailnet === '..' || tailnet.includes('%')) throw unusable();
  const pathname = `/api/v2/tailnet/${encodeURIComponent(tailnet)}/${log}`;
  const url = new URL(pathname, apiUrl);
  if (url.origin !== apiUrl.origin || url.pathname !== pathname) throw unusable();
  url.search = new URLSearchParams(query).toString();
  return url;
}

function unusable(): ConnectorError {
  return new ConnectorError(
    'NOT_FOUND',
    'the tailnet in the settings is no name that Tailscale could have: use "-", an organisation name, a tailnet id, a domain or an e-mail address',
  );
}

/** RFC 3339, in UTC, to the millisecond. */
export function timestamp(at: number): string {
  return new Date(at).toISOString();
}

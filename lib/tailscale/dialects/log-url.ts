import { ConnectorError } from '../../domain/errors';

/**
 * The URL of a tailnet's log. `..` would leave the path even when encoded, so such names are refused, and the finished URL
 * is compared with the intended one.
 *
 * @throws ConnectorError NOT_FOUND for a name that no path segment can carry.
 */
export function logUrl(apiUrl: URL, tailnet: string, log: string, query: Readonly<Record<string, string>>): URL {
  const pathname = `/api/v2/tailnet/${encodeURIComponent(tailnet)}/${log}`;
  const url = new URL(pathname, apiUrl);
  const isSegment = !['', '.', '..'].includes(tailnet) && !tailnet.includes('%');
  if (!isSegment || url.origin !== apiUrl.origin || url.pathname !== pathname)
    throw new ConnectorError(
      'NOT_FOUND',
      'the tailnet in the settings is not a name that Tailscale could have: use "-", an organisation name, a tailnet id, a domain or an e-mail address',
    );
  url.search = new URLSearchParams(query).toString();
  return url;
}

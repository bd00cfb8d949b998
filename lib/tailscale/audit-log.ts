import { DIALECT_NAMES } from '../contract/dialects';
import { parseApiUrl } from '../contract/settings';
import type { Dialect } from '../domain/dialect';
import type { AuditLog, OpenAuditLog } from '../ports/audit-log';
import type { CredentialStore } from '../ports/credentials';
import { createAuthorizer } from './auth/authorizer';
import { createAuditDialect } from './dialects/audit';
import { createConfigurationDialect } from './dialects/configuration';
import { createFetchLog, type FetchLog } from './http/fetch-log';
import { Refusal } from './http/refusal';
import { createSend, type SendDeps } from './http/send';

const DIALECT_READERS: Readonly<Record<Dialect, (apiUrl: URL, tailnet: string, fetchLog: FetchLog) => AuditLog>> = {
  audit: createAuditDialect,
  configuration: createConfigurationDialect,
};

export interface TailscaleDeps extends SendDeps {
  /** Origin of the API; see `parseApiUrl`. */
  readonly apiUrl: string;
  readonly credentials: CredentialStore;
}

/**
 * Tailscale's audit log. Make one per process: it keeps OAuth tokens.
 *
 * @throws InvalidInput for an API URL to which no credential may be sent.
 */
export function createTailscale({ apiUrl, credentials, ...deps }: TailscaleDeps): OpenAuditLog {
  const base = new URL(parseApiUrl(apiUrl, 'apiUrl'));
  const send = createSend(deps);
  const authorizer = createAuthorizer({ ...deps, apiUrl: base, credentials, send });

  return ({ tailnet, secretId, dialect }, known) => {
    const fetchLog = createFetchLog({ send, authorizer, secretId, tailnet });
    const open = (name: Dialect) => DIALECT_READERS[name](base, tailnet, fetchLog);
    const chosen = dialect === 'auto' ? known : dialect;
    return chosen === null ? firstThatAnswers(open) : open(chosen);
  };
}

/** Tries the dialects in turn until one is not refused; the log keeps to that one. */
function firstThatAnswers(open: (dialect: Dialect) => AuditLog): AuditLog {
  let answered: AuditLog | null = null;
  return {
    async *pages(...range) {
      if (answered !== null) {
        yield* answered.pages(...range);
        return;
      }
      const refusals: Refusal[] = [];
      for (const log of DIALECT_NAMES.map(open)) {
        const pages = log.pages(...range);
        try {
          const first = await pages.next().catch(asMissing);
          if (first instanceof Refusal) {
            refusals.push(first);
            continue;
          }
          answered = log;
          if (first.done !== true) yield first.value;
          yield* pages;
          return;
        } finally {
          await pages.return();
        }
      }
      // A 403 says most: the endpoint exists, and the credential lacks access.
      throw refusals.find(({ status }) => status === 403) ?? refusals.at(-1) ?? new TypeError('no dialect');
    },
  };
}

/** Statuses of an endpoint that does not exist, or not for this credential. */
const MISSING = [400, 403, 404, 405, 410, 501];

/** The refusal of an endpoint that is missing. @throws any other error */
function asMissing(error: unknown): Refusal {
  if (error instanceof Refusal && MISSING.includes(error.status)) return error;
  throw error;
}

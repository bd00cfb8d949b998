import { parseApiUrl } from '../contract/settings';
import type { Dialect } from '../domain/dialect';
import type { AuditLog, AuditLogPage, OpenAuditLog } from '../ports/audit-log';
import type { CredentialStore } from '../ports/credentials';
import { createAsk } from './http/ask';
import { createAuditDialect } from './dialects/audit';
import { createAuthorizer } from './auth/authorize';
import { createConfigurationDialect } from './dialects/configuration';
import { Refusal } from './http/refusal';
import { createSend } from './http/send';
import type { SendDeps } from './http/send';

export interface TailscaleDeps extends SendDeps {
  /** Origin of the API; see `parseApiUrl`. */
  readonly apiUrl: string;
  readonly credentials: CredentialStore;
}

/**
 * Tailscale's audit log. Make one per process: OAuth tokens are kept in it.
 *
 * @throws InvalidInput when the API URL is none that credentials may be sent to.
 */
export function createTailscale({ apiUrl, credentials, ...deps }: TailscaleDeps): OpenAuditLog {
  const base = new URL(parseApiUrl(apiUrl, 'apiUrl'));
  const send = createSend(deps);
  const authorizer = createAuthorizer({ ...deps, apiUrl: base, credentials, send });

  return ({ tailnet, secretId, dialect }, known) => {
    const ask = createAsk({ send, authorizer, secretId, tailnet });
    const dialects = {
      audit: createAuditDialect(base, tailnet, ask),
      configuration: createConfigurationDialect(base, tailnet, ask),
    };
    const chosen = dialect === 'auto' ? known : dialect;
    return chosen === null ? firstThatAnswers(dialects) : dialects[chosen];
  };
}

/** Statuses by which an endpoint says that it is not there, or not for this credential. */
const NOT_HERE = [400, 403, 404, 405, 410, 501];

/** Asks `audit`; where that is refused, `configuration`, before judging. What answers is kept for the next walk. */
function firstThatAnswers(dialects: Readonly<Record<Dialect, AuditLog>>): AuditLog {
  let answered: Dialect | null = null;
  return {
    async *pages(window, cursor, deadline) {
      const walk = (dialect: Dialect) => dialects[dialect].pages(window, cursor, deadline);
      if (answered !== null) {
        yield* walk(answered);
        return;
      }
      const { first, rest } = await begin(walk('audit')).catch((refused: unknown) =>
        beginInstead(refused, walk('configuration')),
      );
      answered = first.dialect;
      try {
        yield first;
        yield* rest;
      } finally {
        await rest.return();
      }
    },
  };
}

type Pages = AsyncGenerator<AuditLogPage, void, void>;

interface Begun {
  readonly first: AuditLogPage;
  readonly rest: Pages;
}

async function begin(rest: Pages): Promise<Begun> {
  const next = await rest.next();
  // A dialect gives at least one page or throws.
  if (next.done === true) throw new TypeError('a walk without a page');
  return { first: next.value, rest };
}

/** If both refuse, a 403 says most: the endpoint is there, and the credential may not. */
async function beginInstead(refused: unknown, instead: Pages): Promise<Begun> {
  if (!isNotHere(refused)) throw refused;
  return begin(instead).catch((error: unknown) => {
    throw refused.status === 403 && isNotHere(error) ? refused : error;
  });
}

function isNotHere(error: unknown): error is Refusal {
  return error instanceof Refusal && NOT_HERE.includes(error.status);
}

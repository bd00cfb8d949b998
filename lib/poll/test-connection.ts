import pMap from 'p-map';
import type { ConnectorSettings } from '../contract/settings';
import { toConnectorError, type ErrorCode } from '../domain/errors';
import type { Credential } from '../domain/credential';
import type { Dialect } from '../domain/dialect';
import type { AuditLogPage, OpenAuditLog } from '../ports/audit-log';
import type { Clock, Deadline } from '../domain/deadline';
import type { CredentialStore } from '../ports/credentials';
import { DAY } from '../domain/time';

/** What the audit endpoint itself answered for one connector. */
export interface ConnectionReport {
  readonly connector: string;
  readonly ok: boolean;
  readonly dialect: Dialect | null;
  /** As the envelope names it; "unknown" where none does and the setting is `-`. */
  readonly tailnet: string;
  readonly credential: Credential['kind'] | null;
  /** Records of the last 24 h; in the audit dialect those of the first page. */
  readonly events: number;
  /** Tailscale's clock minus ours, in milliseconds. */
  readonly skewMs: number | null;
  readonly code?: ErrorCode;
  /** What to do; also a hint where all is well but nothing came. */
  readonly message?: string;
}

export interface TestConnectionReport {
  readonly ok: boolean;
  readonly connectors: readonly ConnectionReport[];
}

export interface TestConnectionDeps {
  readonly openAuditLog: OpenAuditLog;
  readonly credentials: CredentialStore;
  readonly clock: Clock;
}

/** Asks the audit endpoint for the last 24 h. Writes no state, takes no lease, never rejects for a connector's failure. */
export async function testConnection(
  connectors: readonly ConnectorSettings[],
  deps: TestConnectionDeps,
  deadline: Deadline,
): Promise<TestConnectionReport> {
  const reports = await pMap(connectors, (connector) => testOne(connector, deps, deadline), { concurrency: 4 });
  return { ok: reports.every(({ ok }) => ok), connectors: reports };
}

async function testOne(
  connector: ConnectorSettings,
  { openAuditLog, credentials, clock }: TestConnectionDeps,
  deadline: Deadline,
): Promise<ConnectionReport> {
  const configured = connector.tailnet === '-' ? 'unknown' : connector.tailnet;
  const untested = {
    connector: connector.id,
    dialect: null,
    tailnet: configured,
    credential: null,
    events: 0,
    skewMs: null,
  };
  let kind: Credential['kind'] | null = null;
  const until = clock.now();
  const pages = openAuditLog(connector, null).pages({ from: until - DAY, until }, null, deadline);
  try {
    // Past the cache: an operator who has just put a new value in asks about that one.
    kind = (await credentials.refetch(connector.secretId, deadline)).credential.kind;
    const { page, events } = await firstAnswer(pages);
    if (page === null)
      return {
        ...untested,
        credential: kind,
        ok: false,
        code: 'UPSTREAM_INVALID',
        message: 'Tailscale gave no answer to read',
      };
    return {
      connector: connector.id,
      ok: true,
      dialect: page.dialect,
      tailnet: page.tailnet ?? configured,
      credential: kind,
      events,
      skewMs: page.skewMs,
      ...(events === 0 ? { message: EMPTY_HINT } : {}),
    };
  } catch (thrown) {
    const { code, message } = toConnectorError(thrown);
    return { ...untested, credential: kind, ok: false, code, message };
  } finally {
    await pages.return();
  }
}

/** The first page that has a record, else the last one. A page may be empty because its answer took too long. */
async function firstAnswer(
  pages: AsyncGenerator<AuditLogPage, void, void>,
): Promise<{ page: AuditLogPage | null; events: number }> {
  let last: AuditLogPage | null = null;
  for (;;) {
    const { value: page } = await pages.next();
    if (page === undefined) return { page: last, events: 0 };
    let events = 0;
    for await (const batch of page.batches) events += batch.length;
    if (events > 0 || page.end().cursor === null) return { page, events };
    last = page;
  }
}

const EMPTY_HINT =
  'no events in the last 24 h; if there should be some, the tailnet name may be wrong: try "-", then put the resolved name in';

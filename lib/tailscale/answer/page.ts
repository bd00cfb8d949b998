import { ConnectorError } from '../../domain/errors';
import type { LogRecord } from '../../domain/record';
import type { AuditLogPage } from '../../ports/audit-log';
import type { Answer } from '../http/ask';

type PageEnd = ReturnType<AuditLogPage['end']>;

export interface OpenPage {
  readonly page: AuditLogPage;
  /** `batches` was read to its end. */
  readonly isRead: () => boolean;
}

/**
 * An answer as a page.
 *
 * @param atEnd Called behind the last batch, with the failure that ended the answer early or null. What it gives is the
 * page's end; what it throws, `batches` throws.
 */
export function openPage(
  { reader, asOf, skewMs, oauthClientId }: Answer,
  about: Pick<AuditLogPage, 'dialect' | 'tailnet'>,
  atEnd: (failure: ConnectorError | null) => PageEnd,
): OpenPage {
  let end: PageEnd | null = null;
  const read = async function* (): AsyncGenerator<readonly LogRecord[], void, void> {
    let failure: ConnectorError | null = null;
    try {
      yield* reader.batches;
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      failure = error;
    }
    end = atEnd(failure);
  };
  const page: AuditLogPage = {
    ...about,
    asOf,
    skewMs,
    oauthClientId,
    batches: read(),
    end: () => {
      if (end === null) throw new TypeError('a page has an end only after its batches were read');
      return end;
    },
  };
  return { page, isRead: () => end !== null };
}

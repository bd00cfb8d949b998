import { ConnectorError } from '../../domain/errors';
import type { LogRecord } from '../../domain/record';
import type { AuditLogPage, PageEnd } from '../../ports/audit-log';
import type { LogAnswer } from '../http/fetch-log';

/**
 * An answer as a page.
 *
 * @param atEnd Called after the last batch, with the failure that ended the answer early or null. It returns the page's
 *   end; what it throws, `batches` throws.
 * @returns the page, and whether its batches were read to the end.
 */
export function openPage(
  { reader, asOf, skewMs, oauthClientId }: LogAnswer,
  about: Pick<AuditLogPage, 'dialect' | 'tailnet'>,
  atEnd: (failure: ConnectorError | null) => PageEnd,
): { readonly page: AuditLogPage; readonly isRead: () => boolean } {
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

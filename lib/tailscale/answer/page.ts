import { ConnectorError } from '../../domain/errors';
import type { LogRecord } from '../../domain/record';
import type { AuditLogPage, PageEnd } from '../../ports/audit-log';
import type { LogAnswer } from '../http/fetch-log';

/** What a dialect says of a page. */
export interface PageReading {
  /** Called first. */
  readonly about: () => Pick<AuditLogPage, 'dialect' | 'tailnet'>;
  /** Called after the last batch, with the failure that ended the answer early or null. What it throws, `batches` throws. */
  readonly atEnd: (failure: ConnectorError | null) => PageEnd;
}

/**
 * Yields an answer as one page, and closes the answer.
 *
 * @returns the page's end; null if its batches were not read to the end.
 */
export async function* yieldPage(
  { reader, asOf, skewMs, oauthClientId }: LogAnswer,
  { about, atEnd }: PageReading,
): AsyncGenerator<AuditLogPage, PageEnd | null, void> {
  let end = null as PageEnd | null;
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
  try {
    yield {
      ...about(),
      asOf,
      skewMs,
      oauthClientId,
      batches: read(),
      end: () => {
        if (end === null) throw new TypeError('a page has an end only after its batches were read');
        return end;
      },
    };
    return end;
  } finally {
    await reader.close();
  }
}

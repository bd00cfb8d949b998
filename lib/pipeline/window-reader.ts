import type { Inflight } from '../domain/checkpoint';
import type { IdentifiedRecord } from '../events/identity/identify';
import type { AuditLogPage } from '../ports/audit-log';
import type { PageRead } from './plan';
import type { Tally } from './tally';

/** What happened to a window. */
export type WindowStep =
  /** A page was delivered whole. */
  | { readonly kind: 'page'; readonly page: PageRead; readonly tally: Tally }
  /** The run stops in the middle of a page. */
  | { readonly kind: 'stopped'; readonly tally: Tally }
  /** The window is read again from its start. */
  | { readonly kind: 'restarted' };

/** A window that is read page by page, and the checkpoint after each step. */
export interface WindowReader<Window extends Inflight, State> {
  readonly mode: 'live' | 'sweep' | 'backfill';
  readonly window: Window;
  /** False: the record is another window's, which reads it too. */
  selects(record: IdentifiedRecord): boolean;
  /** The checkpoint after a step, and the rest of the window; null: it is read to its end. */
  after(
    checkpoint: State,
    window: Window,
    step: WindowStep,
  ): { readonly checkpoint: State; readonly window: Window | null };
  /** Called after each page, also after one that failed, and before its commit. */
  pageRead(page: AuditLogPage, tally: Tally): void;
}

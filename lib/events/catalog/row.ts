import type { Severity } from '../../contract/audit-event';
import type { Condition } from './conditions';

/** What one native triple means. */
export interface CatalogRow extends RowOptions {
  /** Tailscale's own `TARGET.ACTION` or `TARGET.ACTION.PROPERTY`. `*` is any action; in a fallback, any text. */
  readonly native: string;
  /** Canonical action. The severity table gives its severity. */
  readonly action: string;
  /** For people: the thing, then the change. */
  readonly title: string;
}

interface RowOptions {
  /** The row applies only if this holds. */
  readonly when?: Condition;
  /** Severity in the extended profile, if it is above the table's. */
  readonly raised?: Severity;
  /** Other triples with the same meaning. */
  readonly also?: readonly string[];
}

export const row = (native: string, action: string, title: string, options: RowOptions = {}): CatalogRow => ({
  native,
  action,
  title,
  ...options,
});

import type { Severity } from '../../contract/audit-event';
import type { Condition } from './conditions';

/** One row of the catalog: a native triple, and under which condition, if any, it means which action. */
export interface CatalogRow {
  /** Tailscale's own `TARGET.ACTION` or `TARGET.ACTION.PROPERTY`. In a fallback `*` also stands for no property. */
  readonly native: string;
  /** Canonical action. Its severity follows from the severity table. */
  readonly action: string;
  /** The row counts only when this holds. */
  readonly when?: Condition;
  /** Severity of the extended profile, where it is above the table's. */
  readonly raised?: Severity;
  /** Tailscale's own words, where its documentation has some. */
  readonly title?: string;
  /** Other triples that mean the same. */
  readonly also?: readonly string[];
}

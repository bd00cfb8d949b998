/** An event's mark in the set of what was published. */
export interface PublishedId {
  /** Event time's hour as `yyyymmddhh` in UTC, or `none`. */
  readonly bucket: string;
  /** 32 hex digits: the first half is the id's, the second the content's. */
  readonly element: string;
}

/** The first half of a mark's element: names a record in a note of work. */
export const idHalf = ({ element }: PublishedId): string => element.slice(0, element.length / 2);

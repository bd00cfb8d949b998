/** Names an event in the set of published ids. */
export interface PublishedId {
  /** Event time's hour as `yyyymmddhh` in UTC, or `none`. */
  readonly bucket: string;
  /** 32 hex digits: the first half is the id's, the second the content's. */
  readonly element: string;
}

/** The first half of an element: names a record in a note of work. */
export const idHalf = ({ element }: PublishedId): string => element.slice(0, element.length / 2);

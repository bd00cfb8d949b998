/** UTF-16 units of a name or a piece of evidence in the result. */
export const MAX_CLIPPED_LENGTH = 200;

/** The text, or its beginning when it is long; never half a surrogate pair. */
export function clip(text: string, length = MAX_CLIPPED_LENGTH): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

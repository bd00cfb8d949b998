/** Maximum UTF-16 units of a name in the result. */
const MAX_CLIPPED_LENGTH = 200;

/** The text cut to a length in UTF-16 units, `…` included; never within a surrogate pair. */
export function clip(text: string, length = MAX_CLIPPED_LENGTH): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

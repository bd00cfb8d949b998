/** ISO 8601 without years and months, which have no fixed length. */
const DURATION = /^P(?=\d|T\d)(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,7})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?$/;

/** Milliseconds of a duration such as `PT2H`, `P1D` or `P1DT12H`; null for any other text. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  const [, weeks = '0', days = '0', hours = '0', minutes = '0', seconds = '0'] = match;
  const allHours = (Number(weeks) * 7 + Number(days)) * 24 + Number(hours);
  return ((allHours * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
}

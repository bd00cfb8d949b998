const ESCAPE =
  /%(?:25){0,3}([2-7][0-9a-f])|\\{1,8}u00([2-7][0-9a-f])|\\{1,8}x([2-7][0-9a-f])|&#x0{0,4}([2-7][0-9a-f]);|&#0{0,4}(\d{2,3});|&(quot|amp|lt|gt|apos);/gi;

/** Whether a text may hold escaped characters. */
export const MAY_BE_ESCAPED = new RegExp(ESCAPE.source, 'i');

const NAMED: Readonly<Record<string, string>> = { quot: '"', amp: '&', lt: '<', gt: '>', apos: "'" };

/**
 * The text with printable ASCII characters in place of their escapes: of percent encoding (but for what
 * could end a value), of JSON and JavaScript, of HTML. A secret is found in whichever form it comes.
 */
export function decodeEscapes(text: string): string {
  if (!MAY_BE_ESCAPED.test(text)) return text;
  const out: string[] = [];
  let copied = 0;
  for (const match of text.matchAll(ESCAPE)) {
    const character = characterOf(match);
    if (character === undefined) continue;
    out.push(text.slice(copied, match.index), character);
    copied = match.index + match[0].length;
  }
  return out.join('') + text.slice(copied);
}

function characterOf([, percent, unicode, hex, htmlHex, htmlNumber, htmlName]: RegExpExecArray): string | undefined {
  if (htmlName !== undefined) return NAMED[htmlName.toLowerCase()];
  const code = htmlNumber === undefined ? parseInt(percent ?? unicode ?? hex ?? htmlHex ?? '', 16) : Number(htmlNumber);
  if (code < 0x20 || code > 0x7e) return undefined;
  const character = String.fromCharCode(code);
  return percent !== undefined && !/[\w.~=:/?@-]/.test(character) ? undefined : character;
}

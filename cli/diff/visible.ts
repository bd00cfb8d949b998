/** Characters that steer, hide or reorder what is shown: control and format characters, line and paragraph separators. Tab and line feed stay. */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * The text with every such character written out, as `<U+001B>`. A policy comes from anyone who may propose a change: it must not reach the
 * terminal as an escape sequence, nor read otherwise than Tailscale reads it.
 */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, (character) => `<U+${hex(character.codePointAt(0) ?? 0)}>`);
}

/** The same on one line. */
export function visibleLine(text: string): string {
  return visible(text.replaceAll(/[\t\n\r ]+/g, ' '));
}

/** JSON text that says the same and holds no such character: they only occur within its strings. */
export function visibleJson(json: string): string {
  return json.replaceAll(UNSEEN, (character) => character.split('').map((unit) => `\\u${hex(unit.charCodeAt(0)).toLowerCase()}`).join(''));
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, '0');
}

import { FORMS, NAMES, PREFIXES } from '../../lib/events/redaction-table';
import type { Family } from './growth';

/** A text in which each part is repeated, one after the other: what is quadratic in one of them is so in all. */
function repeats(name: string, parts: readonly string[]): Family<string> {
  return { name, make: (size) => parts.map((part) => part.repeat(Math.ceil(size / parts.length / part.length))).join('') };
}

const halves = (text: string): readonly string[] => [text, text.slice(0, Math.ceil(text.length / 2)), text.slice(Math.floor(text.length / 2))];

const OF_NAMES = NAMES.map(({ example }) => repeats(`name ${example}`, [`${example}=`, `:${example}:`, `${example}:1.1.1.1/`, `${example}='`, `${example}="`, `"${example}":"`, `\\"${example}\\":\\"`, `<${example}>`, `<${example} `, `?${example}=`, `;${example}=`, `${example}=[REDACTED`, `${example}=[REDACTED property]`, `name="${example}" `, `${example}-`, `${example} : (`]));

const OF_PREFIXES = PREFIXES.map(({ vendor, prefixes }) => repeats(`prefix of ${vendor}`, prefixes.flatMap((prefix) => [prefix, `${prefix}a1-`, ` ${prefix}"`])));

const OF_FORMS = FORMS.flatMap(({ form, examples, decoded = [], lookalikes }) => {
  const texts = [...examples.map((text) => text.replaceAll(/[«»]/g, '')), ...decoded.map(([text]) => text), ...lookalikes];
  return [repeats(`form ${form}`, texts.flatMap(halves))];
});

/** Long runs of one class, and what the redactor, the reader of policies and the reader of JSON look for. */
const GENERIC = [
  'a', 'A', '1', '.', '-', '_', '/', '\\', '"', "'", '`', ':', '=', ',', ';', '&', '@', '<', '>', '(', ')', '[', ']', '{', '}', '%', '#', '?', ' ', '\n', '\r\n', '\t', 'é', '👍', '\ud800',
  'a-', 'a.', 'a.b-', '1.', '1.1.1.1/', '::', 'a:', 'a=', 'a,', '\\"', '\\\\', '//', '/*', '*/', '/**/', '//\n', '/\\', '://', '://a', '://:/', '://a:b/', '://a:', '//a:b@', 'a@', '@/', '[]', '{}', '()', '[{', '{"a":', '["', '",', '":"',
  'tskey-', 'tskey-a-', 'tskey-auth-k1-', '%74skey-', '\\u0074skey-', '%25', '\\u00', '&#x2d;', '&quot;', 'eyJ', 'eyJa.', 'eyJhbGciOiJub25lIn0.', 'eyJhbGciOiJub25lIn0.a.', '-----BEGIN ', '-----BEGIN PRIVATE KEY-----', '-----END PRIVATE KEY-----', 'dHNrZXkt', 'dHNrZXkt=', 'Rza2V5L ',
  'bearer ', 'basic ', 'authorization basic ', '://x/hooks/', '/hooks/', '://hooks.slack.com/', '://a.a.a.a', '?a=', '?a', '[REDACTED', '[REDACTED property]', ']]>', '<![CDATA[', 'tag:', 'value="a",', 'name=', 'MTIzNDU2Nzg5MDEyMzQ1Njc4.', '123456789:', 'a8Q~', 'null', '-1',
];
const STARTS = ['', 'token=', 'token="', "token='", 'token=\\"', '<token>', '<token ', '://', '://a:', 'tskey-', 'authorization basic ', '-----BEGIN PRIVATE KEY-----', '"', '[', '{"', '//', '/*'];

/** Every row of the redaction table, so that a new row is tested too, and what is not in the table. */
export const TEXT_FAMILIES: readonly Family<string>[] = [
  ...OF_NAMES,
  ...OF_PREFIXES,
  ...OF_FORMS,
  ...GENERIC.map((part) => repeats(`repeated ${JSON.stringify(part)}`, [part])),
  ...GENERIC.map((part) => ({ name: `repeated ${JSON.stringify(part)} after each start`, make: (size: number) => STARTS.map((start) => `${start}${part.repeat(Math.ceil(size / STARTS.length / part.length))}\n`).join('') })),
];

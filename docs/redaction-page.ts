import { FORMS, NAMES, NAME_SUFFIXES, NOT_NAMES, PREFIXES } from '../lib/events/redact/redaction-table';
import { code, table } from './markdown';

const INTRODUCTION = `# Redaction

Generated from \`lib/events/redact/redaction-table.ts\` by \`npm run generate\`; do not edit.

Before an event is published, every text of its record is searched for secrets. Each secret is replaced by
\`[REDACTED <kind>]\`, and \`detail.redactions\` lists its path. The rest of the text stays: the id in
\`tskey-<kind>-<id>-<secret>\`, the host in a URL. A policy's aliases, ports, hosts and addresses are never redacted,
whatever their names. JSON and HuJSON are redacted string by string and comment by comment, so a comment cannot hide a rule.

A text that matches none of these tables is published as received. A password in a sentence, "it is hunter2", is not found.
`;

const list = (words: readonly string[]): string => words.map(code).join(' ');

/** A cell of a Markdown table cannot hold a line end. */
const inCell = (text: string): string => `\`\` ${text.replaceAll('\n', '\\n').replaceAll('|', '\\|')} \`\``;

/** The text of docs/redaction.md. */
export function redactionPage(): string {
  const names = NAMES.map(({ ending, example, lookalike, queryOnly }) => [
    code(ending),
    code(example),
    code(lookalike),
    queryOnly === true ? 'only in a query' : 'anywhere',
  ]);
  const forms = FORMS.map(({ form, kind, examples, decoded = [], lookalikes }) => [
    form,
    code(kind),
    inCell(examples[0] ?? decoded[0]?.[0] ?? ''),
    inCell(lookalikes[0] ?? ''),
  ]);
  const tokens = PREFIXES.map(({ vendor, prefixes, least, kind }) => [
    vendor,
    list(prefixes),
    String(least),
    code(kind),
  ]);
  return [
    INTRODUCTION,
    `## Names\n\nA value is secret if its name ends like this, in any spelling (\`X-Api-Key\`, \`api_key\`): the name of a property,\na query parameter, an XML element or attribute, a part of a connection string, or the text of a \`name\` with a sibling\n\`value\`. A number, a plural \`s\` or one of these words may follow:\n${list(NAME_SUFFIXES)}.\nExceptions: ${list(NOT_NAMES)}.\n`,
    table(['ending', 'redacted', 'not redacted', 'where'], names),
    '## Forms\n\n« and » enclose the secret.\n',
    table(['form', 'kind', 'redacted', 'not redacted'], forms),
    '## Tokens\n\nA prefix, followed by at least this many characters.\n',
    table(['vendor', 'prefixes', 'characters', 'kind'], tokens),
  ].join('\n');
}

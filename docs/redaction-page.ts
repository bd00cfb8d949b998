import { FORMS, NAMES, NAME_SUFFIXES, NOT_NAMES, PREFIXES } from '../lib/events/redact/redaction-table';
import { code, table } from './markdown';

const INTRODUCTION = `# Redaction

Made from the table in \`lib/events/redact/redaction-table.ts\` by \`npm run generate\`; do not edit it here.

Before anything is published, every text of a record is searched for secrets. What is found is replaced by \`[REDACTED <kind>]\`, and \`detail.redactions\` says where it stood. Only the secret goes: of \`tskey-<kind>-<id>-<secret>\` the id stays, of an address its host.
A policy's aliases, ports, hosts and addresses stay, whatever they are called. JSON and HuJSON are redacted string by string and comment by comment, so a comment cannot hide a rule.

What is in none of these tables is published as received. A password in a sentence, "it is hunter2", is not found.
`;

const list = (words: readonly string[]): string => words.map(code).join(' ');

/** Tables and lists of Markdown have no place for line ends. */
const inCell = (text: string): string => `\`\` ${text.replaceAll('\n', '\\n').replaceAll('|', '\\|')} \`\``;

/** The text of docs/redaction.md. */
export function redactionPage(): string {
  const names = NAMES.map(({ ending, example, lookalike, queryOnly }) => [
    code(ending),
    code(example),
    code(lookalike),
    queryOnly === true ? 'in a query alone' : 'anywhere',
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
    `## Names\n\nA value is secret whose name ends like this, in any spelling: as a property, a query parameter, an XML element or attribute, a part of a connection string, or the \`name\` beside a \`value\`. A number, a plural \`s\` or one of ${list(NAME_SUFFIXES)} may follow. ${list(NOT_NAMES)} are no such names.\n`,
    table(['ending', 'redacted', 'not redacted', 'where'], names),
    '## Forms\n\nThe secret stands between « and ».\n',
    table(['form', 'kind', 'redacted', 'not redacted'], forms),
    '## Tokens\n\nA prefix, and behind it at least so many characters.\n',
    table(['of', 'prefixes', 'characters', 'kind'], tokens),
  ].join('\n');
}

import { CATALOGUE } from '../lib/policy/findings/catalogue';
import { PARSE_ERROR } from '../lib/policy/findings/file';
import { code, table } from './markdown';

const INTRODUCTION = `# Findings

Made from the catalogue in \`lib/policy/findings\` by \`npm run generate\`; do not edit it here.

A policy diff event lists in \`detail.diff.findings\` the risks that a change of the policy file introduces. The severity
is that of the finding; the severity of the event is always \`high\`. The meaning of an id never changes, so rules may match
on ids. A finding has its place in the file (\`section\`, \`path\`, \`line\`) and what was found there (\`evidence\`).

Pre-existing findings are not listed. Those with **counted** in the last column are counted in \`detail.diff.standing\` in each
event, until a change removes them.

`;

/** The text of docs/findings.md. */
export function findingsPage(): string {
  const rows = [...CATALOGUE, { ...PARSE_ERROR, preExisting: 'new only' }].map(
    ({ id, severity, title, preExisting }) => [code(id), severity, title, preExisting === 'counted' ? 'counted' : ''],
  );
  return `${INTRODUCTION}${table(['id', 'severity', 'title', 'pre-existing'], rows)}`;
}

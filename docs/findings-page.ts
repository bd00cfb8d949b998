import { CATALOGUE } from '../lib/policy/findings/catalogue';
import { PARSE_ERROR } from '../lib/policy/findings/file';
import { code, table } from './markdown';

const INTRODUCTION = `# Findings

Made from the catalogue in \`lib/policy/findings\` by \`npm run generate\`; do not edit it here.

A policy diff event lists in \`detail.diff.findings\` what a change of the policy file brought in and somebody should look at. The severity is the finding's own: the event is \`high\` in any case.
Ids do not change their meaning, so a rule may name them. A finding says where it stands (\`section\`, \`path\`, \`line\`) and what it saw there (\`evidence\`).

What was there before is not listed again. Where **standing** says so, it is counted in \`detail.diff.standing\` for as long as it is there.

`;

/** The text of docs/findings.md. */
export function findingsPage(): string {
  const rows = [...CATALOGUE, { ...PARSE_ERROR, standing: false }].map(({ id, severity, title, standing }) => [
    code(id),
    severity,
    title,
    standing ? 'counted' : '',
  ]);
  return `${INTRODUCTION}${table(['id', 'severity', 'what', 'standing'], rows)}`;
}

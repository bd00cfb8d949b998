import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { auditEventSchema } from '../lib/contract/audit-event';
import { healthEventSchema } from '../lib/contract/health-event';
import { policyDiffEventSchema } from '../lib/contract/policy-diff-event';
import { actionsPage } from './actions-page';
import { exampleEvents } from './example-events';
import { findingsPage } from './findings-page';
import { redactionPage } from './redaction-page';

/** Files that are made from the code: their texts by path from the top of the repository. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const examples = exampleEvents();
  return new Map([
    ['docs/actions.md', actionsPage()],
    ['docs/findings.md', findingsPage()],
    ['docs/redaction.md', redactionPage()],
    ['examples/events/audit-event.json', json(examples.audit)],
    ['examples/events/policy-diff-event.json', json(examples['policy-diff'])],
    ['lib/contract/schemas/audit-event.schema.json', json(auditEventSchema)],
    ['lib/contract/schemas/health-event.schema.json', json(healthEventSchema)],
    ['lib/contract/schemas/policy-diff-event.schema.json', json(policyDiffEventSchema)],
  ]);
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

if (require.main === module) {
  for (const [path, text] of generatedFiles()) {
    const file = join(__dirname, '..', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

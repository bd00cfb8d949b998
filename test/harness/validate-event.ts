import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { auditEventSchema } from '../../lib/contract/audit-event';
import { healthEventSchema } from '../../lib/contract/health-event';
import { policyDiffEventSchema } from '../../lib/contract/policy-diff-event';

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
addFormats(ajv);
const validators: Readonly<Record<string, ValidateFunction>> = {
  audit: ajv.compile(auditEventSchema),
  'policy-diff': ajv.compile(policyDiffEventSchema),
  health: ajv.compile(healthEventSchema),
};

/** Problems of a detail by the published schema of its stream, read back from JSON as a consumer would; none: it is valid. */
function schemaProblems(detail: object): string[] {
  const received: unknown = JSON.parse(JSON.stringify(detail));
  const stream =
    typeof received === 'object' && received !== null && 'stream' in received ? String(received.stream) : 'none';
  const validate = validators[stream];
  if (validate === undefined) return [`no schema for the stream "${stream}"`];
  return validate(received)
    ? []
    : (validate.errors ?? []).map(
        (error) => `${error.instancePath} ${error.message ?? ''} ${JSON.stringify(error.params)}`,
      );
}

/** Throws when the detail does not meet its schema. */
export function validateEvent(detail: object): void {
  const problems = schemaProblems(detail);
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

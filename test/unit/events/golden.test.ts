import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AUDIT_RECORD,
  CONFIGURATION_RECORD,
  events,
  fixture,
  RECORDS,
  VOCABULARY,
  type PublishedEvent,
} from './samples';

/**
 * The published JSON of every fixture record, policy, policy pair and triple, in both severity profiles, as one SHA-256 a
 * case. Titles, descriptions and the evidence of findings are blank: their wording may change.
 *
 * UPDATE_GOLDEN=1 writes the file anew. GOLDEN_JSON=FILE writes the JSON itself to FILE, to be compared between commits.
 */
const GOLDEN = join(__dirname, '../../fixtures/golden.txt');

const policy = (name: string): string => fixture(`policies/${name}.hujson`);
const policyChange = (old: string, next: string): object => ({ ...CONFIGURATION_RECORD, old, new: next });

function namesIn(folder: string, ending: string): string[] {
  return readdirSync(join(__dirname, '../../fixtures', folder))
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .sort();
}

/** Fields of a record, and the name of its target. */
type Facts = Readonly<Record<string, unknown>> & { readonly name?: string };

/** Between them, these meet every condition of the catalog. */
const FACTS: readonly Facts[] = [
  {},
  { actionDetails: 'moved to SAML' },
  { new: { magicDNS: false } },
  { old: ['Admin'], new: ['Owner'] },
  { new: '2026-11-22T09:58:30Z' },
  { new: '2027-11-22T09:58:30Z' },
  { origin: 'NODE', new: '2027-11-22T09:58:30Z' },
  { old: [], new: ['192.0.2.0/24'] },
  { origin: 'NODE', old: [], new: ['192.0.2.0/24'] },
  { old: ['192.0.2.0/24'], new: [] },
  { old: [], new: ['100.64.0.9'] },
  { old: '', new: ['tag:crane'] },
  { old: { PostureDisabled: false }, new: { PostureDisabled: true } },
  ...['Auth key', 'OAuth client', 'Federated identity', 'API key'].map((name) => ({ name })),
];

const UNKNOWN = ['TAILNET.UPDATE.DNS_TIDE', 'TAILNET.ENABLE.TIDE', 'NODE.UPDATE.TIDE', 'TIDE.TURN'];

function recordsOfTriple(native: string): unknown[] {
  const [type, action, property] = native.split('.');
  const isConditional = VOCABULARY.some((row) => row.native === native && row.isConditional);
  return (isConditional ? FACTS : [{}]).map(({ name = 'target', ...facts }: Facts) => ({
    ...CONFIGURATION_RECORD,
    action,
    target: { id: 't1CNTRL', name, type, ...(property === undefined ? {} : { property }) },
    old: null,
    new: null,
    ...facts,
  }));
}

const CASES: readonly (readonly [name: string, records: readonly unknown[]])[] = [
  ...RECORDS.map((record, index) => [`record ${index + 1}`, [record]] as const),
  ...namesIn('policies', '.hujson').map((name) => [`policy ${name}`, [policyChange('', policy(name))]] as const),
  ...namesIn('policies/pairs', '.old.hujson').map((name) => {
    const [old, next] = [policy(`pairs/${name}.old`), policy(`pairs/${name}.new`)] as const;
    return [`pair ${name}`, [policyChange(old, next), policyChange(next, old)]] as const;
  }),
  ...[...new Set(VOCABULARY.map(({ native }) => native)), ...UNKNOWN].map(
    (native) => [`triple ${native}`, recordsOfTriple(native)] as const,
  ),
  ...[...new Set(VOCABULARY.map(({ action }) => action)), 'tide:turn'].map(
    (action) => [`action ${action}`, [{ ...AUDIT_RECORD, action }]] as const,
  ),
];

function published({ detailType, time, detail }: PublishedEvent): string {
  const blank = { title: '', description: '' };
  if (detail.stream === 'audit' || detail.diff === null)
    return JSON.stringify([detailType, time, { ...detail, ...blank }]);
  const findings = detail.diff.findings.map((finding) => ({ ...finding, title: '', evidence: '' }));
  return JSON.stringify([detailType, time, { ...detail, ...blank, diff: { ...detail.diff, findings } }]);
}

it('publishes the same JSON as before, apart from wording', () => {
  const json = CASES.map(([name, records]) => {
    const texts = records.flatMap((record) =>
      (['spec', 'extended'] as const).flatMap((severityProfile) => events(record, { severityProfile }).map(published)),
    );
    return [name, texts.join('\n')] as const;
  });
  const golden = json.map(([name, text]) => `${name} ${createHash('sha256').update(text).digest('base64url')}`);
  const { UPDATE_GOLDEN, GOLDEN_JSON } = process.env;
  if (GOLDEN_JSON !== undefined) writeFileSync(GOLDEN_JSON, json.map(([name, text]) => `${name}\n${text}\n`).join(''));
  if (UPDATE_GOLDEN !== undefined) writeFileSync(GOLDEN, `${golden.join('\n')}\n`);
  expect(golden).toEqual(fixture('golden.txt').trim().split('\n'));
});

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exampleEvents } from '../../docs/example-events';
import { auditEventSchema } from '../../lib/contract/audit-event';
import { healthEventSchema } from '../../lib/contract/health-event';
import { DETAIL_TYPE } from '../../lib/contract/names';
import { policyDiffEventSchema } from '../../lib/contract/policy-diff-event';
import { MAX_DETAIL_BYTES } from '../../lib/events/encode/bound';
import { CATALOG } from '../../lib/events/catalog/catalog';
import { severityOf } from '../../lib/events/catalog/severity';
import { isJsonObject } from '../../lib/domain/json';
import { codesIn, page, ROOT, tableOf } from './pages';

const PAGE = 'docs/events.md';
const [, DIFF] = policyDiffEventSchema.properties.diff.anyOf;

/** The codes in the first column of a table. */
const listed = (head: string) => tableOf(PAGE, head).flatMap(([cell = '']) => codesIn(cell));

it('lists the actions of high and of medium severity', () => {
  const rows = new Map(tableOf(PAGE, 'severity').map(([severity = '', text = '']) => [severity, codesIn(text)]));
  const documented = (severity: string) => (rows.get(severity) ?? []).filter((code) => !code.startsWith('*'));
  const known = [...new Set(CATALOG.map(({ action }) => action))];
  const having = (severity: string) => known.filter((action) => severityOf(action) === severity);
  expect(documented('high').sort()).toEqual(having('high').sort());
  expect(documented('medium').filter((action) => severityOf(action) !== 'medium')).toEqual([]);
  const removals = /:(?:delete|remove)$/;
  expect(documented('medium')).toEqual(expect.arrayContaining(having('medium').filter((one) => !removals.test(one))));
  expect(['anything:delete', 'anything:remove', 'anything:else'].map(severityOf)).toEqual(['medium', 'medium', 'info']);
});

it('lists every detail type', () => {
  expect(listed('detail type')).toEqual(Object.values(DETAIL_TYPE));
});

describe('health events', () => {
  it('lists the fields of the schema', () => {
    expect(listed('health field').sort()).toEqual(Object.keys(healthEventSchema.properties).sort());
  });

  it('lists every kind with its severity', () => {
    const info = ['recovered', 'catchingUp', 'dialectChanged'];
    const kinds = tableOf(PAGE, 'kind').map(([kind = '', severity]) => [codesIn(kind).join(), severity]);
    expect(kinds).toEqual(
      healthEventSchema.properties.kind.enum.map((kind) => [kind, info.includes(kind) ? 'info' : 'high']),
    );
  });
});

describe('audit and policy diff events', () => {
  it('lists the fields of both schemas', () => {
    const { properties } = auditEventSchema;
    const fields = listed('field');
    const all = { ...properties, ...policyDiffEventSchema.properties };
    expect([...new Set(fields.map((path) => path.replace(/\..*/, '')))].sort()).toEqual(Object.keys(all).sort());
    expect(fields.filter((path) => path.startsWith('ingest.')).sort()).toEqual(
      Object.keys(properties.ingest.properties)
        .map((name) => `ingest.${name}`)
        .sort(),
    );
  });

  it('lists the fields of a diff, and every kind of policy change', () => {
    const fields = Object.keys(DIFF.properties).map((name) => `diff.${name}`);
    expect(listed('diff field').sort()).toEqual(fields.sort());
    const [, meaning = ''] = tableOf(PAGE, 'diff field').find(([field]) => field === '`diff.changeKind`') ?? [];
    expect(codesIn(meaning)).toEqual(DIFF.properties.changeKind.enum);
  });

  it('states the size at which they are cut', () => {
    expect(page(PAGE)).toContain(`over ${MAX_DETAIL_BYTES / 1024} KiB`);
  });

  it('shows the files of examples/events, with … where something is left out', () => {
    const shown = [...page(PAGE).matchAll(/```json\n(.+?)```/gs)].map(([, json = '']): unknown => JSON.parse(json));
    const { audit, 'policy-diff': diff } = exampleEvents();
    expect(shown.map((example, at) => expand(example, [audit, diff][at]))).toEqual([audit, diff]);
  });
});

it('lists every pattern of examples/rules', () => {
  const patterns = tableOf(PAGE, 'pattern').map(([link = '']) => link.replace(/^\[([^\]]+)\].*/, '$1'));
  expect(patterns.sort()).toEqual(readdirSync(join(ROOT, 'examples/rules')).sort());
});

/** The shown value with the parts that … leaves out, taken from the whole value. */
function expand(shown: unknown, whole: unknown): unknown {
  if (typeof shown === 'string' && typeof whole === 'string' && shown.endsWith('…'))
    return whole.startsWith(shown.slice(0, -1)) ? whole : shown;
  if (Array.isArray(shown) && Array.isArray(whole)) {
    const items = shown.filter((item) => item !== '…').map((item, at) => expand(item, whole[at]));
    return shown.at(-1) === '…' ? [...items, ...(whole.slice(items.length) as unknown[])] : items;
  }
  if (!isJsonObject(shown) || !isJsonObject(whole)) return shown;
  const { '…': more, ...members } = shown;
  const expanded = Object.fromEntries(Object.entries(members).map(([key, one]) => [key, expand(one, whole[key])]));
  return more === undefined ? expanded : { ...whole, ...expanded };
}

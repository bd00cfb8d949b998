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
import { codesIn, page, ROOT, tableOf } from './pages';

const PAGE = 'docs/events.md';
const [, DIFF] = policyDiffEventSchema.properties.diff.anyOf;

describe('the severity table', () => {
  const actions = new Map(
    tableOf(PAGE, 'severity').map(([severity = '', text = '']) => [
      severity,
      codesIn(text).filter((code) => !code.startsWith('*')),
    ]),
  );

  it.each(['high', 'medium'])('names only actions that are %s', (severity) => {
    expect(actions.get(severity)?.filter((action) => severityOf(action) !== severity)).toEqual([]);
  });

  it('leaves none out', () => {
    const known = [...new Set(CATALOG.map(({ action }) => action))];
    const isRemoval = (action: string) => /:(?:delete|remove)$/.test(action);
    expect([...(actions.get('high') ?? [])].sort()).toEqual(
      known.filter((action) => severityOf(action) === 'high').sort(),
    );
    expect(actions.get('medium')).toEqual(
      expect.arrayContaining(known.filter((action) => severityOf(action) === 'medium' && !isRemoval(action))),
    );
    expect(['anything:delete', 'anything:remove', 'anything:else'].map(severityOf)).toEqual([
      'medium',
      'medium',
      'info',
    ]);
  });
});

it('names every detail type', () => {
  expect(tableOf(PAGE, 'detail type').flatMap(([name = '']) => codesIn(name))).toEqual(Object.values(DETAIL_TYPE));
});

describe('the health events', () => {
  it('have the fields of their schema', () => {
    const named = tableOf(PAGE, 'health field').flatMap(([field = '']) => codesIn(field));
    expect(named.sort()).toEqual(Object.keys(healthEventSchema.properties).sort());
  });

  it('are of the kinds that there are, and only the good one is info', () => {
    const kinds = tableOf(PAGE, 'kind').map(([kind = '', severity]) => [codesIn(kind).join(''), severity]);
    expect(kinds).toEqual(
      healthEventSchema.properties.kind.enum.map((kind) => [
        kind,
        ['recovered', 'catchingUp', 'dialectChanged'].includes(kind) ? 'info' : 'high',
      ]),
    );
  });
});

describe('the fields', () => {
  const named = tableOf(PAGE, 'field').flatMap(([field = '']) => codesIn(field));

  it('are those of the two schemas', () => {
    const inSchemas = new Set([
      ...Object.keys(auditEventSchema.properties),
      ...Object.keys(policyDiffEventSchema.properties),
    ]);
    expect([...new Set(named.map((path) => path.replace(/\..*/, '')))].sort()).toEqual([...inSchemas].sort());
    expect(
      named
        .filter((path) => path.startsWith('ingest.'))
        .map((path) => path.slice('ingest.'.length))
        .sort(),
    ).toEqual(Object.keys(auditEventSchema.properties.ingest.properties).sort());
  });

  it('of a policy diff are those of its schema', () => {
    const ofDiff = tableOf(PAGE, 'diff field').flatMap(([field = '']) => codesIn(field));
    expect(ofDiff.sort()).toEqual(
      Object.keys(DIFF.properties)
        .map((name) => `diff.${name}`)
        .sort(),
    );
  });

  it('name every kind of policy change', () => {
    const [, meaning = ''] = tableOf(PAGE, 'diff field').find(([field]) => field === '`diff.changeKind`') ?? [];
    expect(codesIn(meaning)).toEqual(DIFF.properties.changeKind.enum);
  });

  it('are said to be cut at the size at which they are', () => {
    expect(page(PAGE)).toContain(`over ${MAX_DETAIL_BYTES / 1024} KiB`);
  });
});

describe('the examples', () => {
  const shown = [...page(PAGE).matchAll(/```json\n(.+?)```/gs)].map(([, json = '']): unknown => JSON.parse(json));
  const { audit, 'policy-diff': diff } = exampleEvents();

  it.each([
    ['audit event', shown[0], audit],
    ['policy diff', shown[1], diff],
  ])('show the %s of examples/events, shortened where they say so', (_name, example, whole) => {
    expect(expand(example, whole)).toEqual(whole);
  });
});

/** The shortened value with what `…` stands for put back. */
function expand(shown: unknown, whole: unknown): unknown {
  if (typeof shown === 'string' && typeof whole === 'string' && shown.endsWith('…'))
    return whole.startsWith(shown.slice(0, -1)) ? whole : shown;
  if (Array.isArray(shown) && Array.isArray(whole)) return expandList(shown, whole);
  if (!isObject(shown) || !isObject(whole)) return shown;
  const { '…': more, ...members } = shown;
  const expanded = Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name, expand(value, whole[name])]),
  );
  return more === undefined ? expanded : { ...whole, ...expanded };
}

function expandList(shown: readonly unknown[], whole: readonly unknown[]): readonly unknown[] {
  const items = shown.at(-1) === '…' ? shown.slice(0, -1) : shown;
  const expanded = items.map((item, at) => expand(item, whole[at]));
  return items === shown ? expanded : [...expanded, ...whole.slice(items.length)];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

it('lists every pattern of examples/rules', () => {
  const listed = tableOf(PAGE, 'pattern').map(([link = '']) => link.replace(/^\[([^\]]+)\].*/, '$1'));
  expect(listed.sort()).toEqual(readdirSync(join(ROOT, 'examples/rules')).sort());
});

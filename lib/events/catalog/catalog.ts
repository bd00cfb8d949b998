import type { Severity } from '../../contract/audit-event';
import { credentialRows } from './credentials';
import { deviceRows } from './devices';
import { peopleRows } from './people';
import { platformRows } from './platform';
import { row, type CatalogRow } from './row';
import { tailnetRows } from './tailnet';
import type { ConditionFacts } from './conditions';
import { higherSeverity, severityOf } from './severity';

/** Every known triple. Among the rows of one triple, the first that matches applies. */
export const CATALOG: readonly CatalogRow[] = [
  ...tailnetRows,
  ...peopleRows,
  ...deviceRows,
  ...credentialRows,
  ...platformRows,
];

/** An action made from the record's own words. */
const DERIVED = '<target>:<verb>';

/** Meaning of unknown triples; the first match applies. Severities are high: an unknown setting may be an important one. */
export const FALLBACKS: readonly CatalogRow[] = [
  row('TAILNET.*.DNS*|MAGIC*', 'dns:update', 'DNS settings changed', { raised: 'high' }),
  row('TAILNET.*.*', 'settings:update', 'Tailnet settings changed'),
  row('NODE.UPDATE.*', 'device:update', 'Device changed'),
  row('*.*.*', DERIVED, DERIVED, { raised: 'medium' }),
];

/** The meaning of a record. */
export interface Classification {
  readonly action: string;
  readonly title: string;
  readonly severity: Severity;
  /** Severity in the extended profile; never below `severity`. */
  readonly extendedSeverity: Severity;
  /** false: the catalog does not list the triple or action. */
  readonly known: boolean;
}

/** A native triple, with names as received; null or "" where the record has none. */
export interface Triple {
  readonly target: string | null;
  readonly verb: string;
  readonly property: string | null;
}

/** Tailscale's own name of the triple: `TARGET.ACTION[.PROPERTY]`. */
export function nativeName({ target, verb, property }: Triple): string {
  return [target ?? '', verb, ...(isEmpty(property) ? [] : [property])].join('.');
}

const ROWS = new Map<string, CatalogRow[]>();
for (const found of CATALOG) {
  for (const native of [found.native, ...(found.also ?? [])]) ROWS.set(native, [...(ROWS.get(native) ?? []), found]);
}

/** Classifies a native record. A fallback classifies a triple that the catalog does not list. */
export function classify(triple: Triple, facts: ConditionFacts): Classification {
  const found = firstMatch(nativeName(triple), facts) ?? firstMatch(nativeName({ ...triple, verb: '*' }), facts);
  if (found !== undefined) return classification(found.action, found.title, found.raised, true);
  const fallback = FALLBACKS.find((candidate) => matchesFallback(candidate, triple));
  if (fallback === undefined || fallback.action === DERIVED) return unknownAction(derivedAction(triple));
  return classification(fallback.action, fallback.title, fallback.raised, false);
}

function firstMatch(native: string, facts: ConditionFacts): CatalogRow | undefined {
  return ROWS.get(native)?.find(({ when }) => when === undefined || when(facts));
}

function classification(action: string, title: string, raised: Severity = 'info', known: boolean): Classification {
  const severity = severityOf(action);
  return { action, title, severity, extendedSeverity: higherSeverity(severity, raised), known };
}

function unknownAction(action: string): Classification {
  return classification(action, titleOf(action), FALLBACKS.at(-1)?.raised, false);
}

function matchesFallback({ native }: CatalogRow, triple: Triple): boolean {
  const [target = '', verb = '', property = ''] = native.split('.');
  return matches(target, triple.target ?? '') && matches(verb, triple.verb) && matches(property, triple.property ?? '');
}

/** `A*|B*`: alternatives, each a prefix or a whole name. */
function matches(pattern: string, value: string): boolean {
  return pattern.split('|').some((one) => (one.endsWith('*') ? value.startsWith(one.slice(0, -1)) : value === one));
}

function isEmpty(value: string | null): value is null | '' {
  return value === null || value === '';
}

const SUBJECTS: ReadonlyMap<string, string> = new Map([
  ['NODE', 'device'],
  ['API_KEY', 'api_key'],
  ['WEBHOOK_ENDPOINT', 'webhook'],
]);

/** Characters of each half of an action. The record's author must not put long texts into it. */
const MAX_NAME = 64;

function derivedAction({ target, verb }: Triple): string {
  const subject = isEmpty(target) ? 'unknown' : (SUBJECTS.get(target) ?? snakeCase(target));
  return `${subject}:${verb === 'DELETE' || verb === 'REVOKE' ? 'delete' : snakeCase(verb)}`;
}

function snakeCase(name: string): string {
  return name
    .slice(0, MAX_NAME)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_');
}

const WRITTEN: ReadonlyMap<string, string> = new Map([
  ...['acl', 'api', 'dns', 'oidc', 'pam', 'saml', 'scim'].map((word) => [word, word.toUpperCase()] as const),
  ['oauth', 'OAuth'],
]);
const CHANGES: ReadonlyMap<string, string> = new Map([
  ['create', 'created'],
  ['update', 'changed'],
  ['delete', 'deleted'],
  ['approve', 'approved'],
  ['verify', 'verified'],
  ['suspend', 'suspended'],
  ['restore', 'restored'],
]);

/** Title of an action without one: `user:role_update` is "User role changed", `device:move` is "Device: move". */
function titleOf(action: string): string {
  if (action === 'logging:set_config') return 'Logging configuration changed';
  if (action === 'routes:set_advertised') return 'Routes advertised';
  const [subject = '', verb = ''] = action.split(/:(.*)/s);
  const thing = subject.split('_').map(written).join(' ');
  const words = verb.split('_');
  const change = CHANGES.get(words.at(-1) ?? '');
  const title = change === undefined ? `: ${words.join(' ')}` : ` ${[...words.slice(0, -1), change].join(' ')}`;
  return verb === '' ? capitalized(thing) : capitalized(thing + title);
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function written(word: string): string {
  return WRITTEN.get(word) ?? word;
}

const ACTIONS: ReadonlyMap<string, Classification> = new Map(
  CATALOG.map(({ action }) => {
    const rows = CATALOG.filter((candidate) => candidate.action === action);
    const titles = new Set(rows.map(({ title }) => title));
    const general = FALLBACKS.find((candidate) => candidate.action === action)?.title ?? titleOf(action);
    const raised = rows.map((candidate) => candidate.raised ?? 'info').reduce(higherSeverity);
    return [action, classification(action, titles.size === 1 ? [...titles].join('') : general, raised, true)];
  }),
);

/** Classifies a record that names its canonical action. It does not give the triple, so the highest severity of the action's rows counts. */
export function classifyAction(action: string): Classification {
  return ACTIONS.get(action) ?? unknownAction(action);
}

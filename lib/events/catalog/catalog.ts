import type { Severity } from '../../contract/audit-event';
import { credentialRows } from './credentials';
import { deviceRows } from './devices';
import { peopleRows } from './people';
import { platformRows } from './platform';
import type { CatalogRow } from './row';
import { tailnetRows } from './tailnet';
import type { ConditionFacts } from './conditions';
import { higherSeverity, severityOf } from './severity';

/** Every triple that is known. Order matters among rows of one triple: the first that matches wins. */
export const CATALOG: readonly CatalogRow[] = [
  ...tailnetRows,
  ...peopleRows,
  ...deviceRows,
  ...credentialRows,
  ...platformRows,
];

/** In the last fallback the action is made from the record's own words. */
const DERIVED = '<target>:<verb>';

/** What unknown triples mean, in order. They fail high: an unknown setting of the tailnet may be its most important one. */
export const FALLBACKS: readonly CatalogRow[] = [
  { native: 'TAILNET.*.DNS*|MAGIC*', action: 'dns:update', raised: 'high' },
  { native: 'TAILNET.*.*', action: 'settings:update' },
  { native: 'NODE.UPDATE.*', action: 'device:update' },
  { native: '*.*.*', action: DERIVED, raised: 'medium' },
];

/** What a record's triple means. */
export interface Classification {
  readonly action: string;
  readonly title: string;
  readonly severity: Severity;
  /** Severity of the extended profile; never below `severity`. */
  readonly extendedSeverity: Severity;
  /** false: no row names the triple, a fallback spoke. */
  readonly known: boolean;
}

/** A native triple. Names are as received; null or "" where the record has none. */
export interface Triple {
  readonly target: string | null;
  readonly verb: string;
  readonly property: string | null;
}

/** Tailscale's own name of the triple: `TARGET.ACTION[.PROPERTY]`. */
export function nativeName({ target, verb, property }: Triple): string {
  return [target ?? '', verb, ...(isNothing(property) ? [] : [property])].join('.');
}

const BY_NATIVE = new Map<string, CatalogRow[]>();
for (const row of CATALOG) {
  for (const native of [row.native, ...(row.also ?? [])])
    BY_NATIVE.set(native, [...(BY_NATIVE.get(native) ?? []), row]);
}

/** Classifies one native record. Total: an unknown triple is given to a fallback and says so. */
export function classify(triple: Triple, facts: ConditionFacts): Classification {
  const row = firstMatch(nativeName(triple), facts) ?? firstMatch(nativeName({ ...triple, verb: '*' }), facts);
  if (row !== undefined) return asClassification(row, row.action, true);
  const fallback = FALLBACKS.find((candidate) => matchesFallback(candidate, triple));
  const action = fallback === undefined || fallback.action === DERIVED ? derivedAction(triple) : fallback.action;
  return asClassification(fallback, action, false);
}

function firstMatch(native: string, facts: ConditionFacts): CatalogRow | undefined {
  return BY_NATIVE.get(native)?.find((row) => row.when === undefined || row.when(facts));
}

function asClassification(row: CatalogRow | undefined, action: string, known: boolean): Classification {
  const severity = severityOf(action);
  return {
    action,
    title: row?.title ?? readableTitle(action),
    severity,
    extendedSeverity: higherSeverity(severity, row?.raised ?? 'info'),
    known,
  };
}

function matchesFallback({ native }: CatalogRow, triple: Triple): boolean {
  const [target = '', verb = '', property = ''] = native.split('.');
  return matches(target, triple.target ?? '') && matches(verb, triple.verb) && matches(property, triple.property ?? '');
}

/** `A*|B*`: alternatives, each a prefix or a whole name. */
function matches(pattern: string, value: string): boolean {
  return pattern.split('|').some((one) => (one.endsWith('*') ? value.startsWith(one.slice(0, -1)) : value === one));
}

function isNothing(value: string | null): value is null | '' {
  return value === null || value === '';
}

const TARGET_NAMES: ReadonlyMap<string, string> = new Map([
  ['NODE', 'device'],
  ['API_KEY', 'api_key'],
  ['WEBHOOK_ENDPOINT', 'webhook'],
]);

/** Characters of each half. An action is a name that rules match on, not a place for what someone else wrote. */
const MAX_NAME = 64;

function derivedAction({ target, verb }: Triple): string {
  const subject = isNothing(target) ? 'unknown' : (TARGET_NAMES.get(target) ?? snake(target));
  return `${subject}:${verb === 'DELETE' || verb === 'REVOKE' ? 'delete' : snake(verb)}`;
}

function snake(name: string): string {
  return name
    .slice(0, MAX_NAME)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_');
}

const ACRONYMS: ReadonlySet<string> = new Set(['acl', 'api', 'dns', 'oauth', 'oidc', 'pam', 'saml', 'scim']);
const WRITTEN: ReadonlyMap<string, string> = new Map([
  ['oauth', 'OAuth'],
  ['magicdns', 'MagicDNS'],
]);

/** `device:expire_key` as "Device: expire key". */
function readableTitle(action: string): string {
  const words = action.replaceAll('_', ' ').replace(':', ': ').split(' ');
  const text = words.map((word) => writtenOut(word)).join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function writtenOut(word: string): string {
  const bare = word.replace(':', '');
  const written = WRITTEN.get(bare) ?? (ACRONYMS.has(bare) ? bare.toUpperCase() : bare);
  return word.replace(bare, () => written);
}

const BY_ACTION: ReadonlyMap<string, Classification> = new Map(
  CATALOG.map(({ action }) => {
    const rows = CATALOG.filter((row) => row.action === action);
    const titles = new Set(rows.flatMap((row) => row.title ?? []));
    const title = titles.size === 1 ? [...titles].join('') : readableTitle(action);
    const extendedSeverity = rows.map((row) => row.raised ?? 'info').reduce(higherSeverity, severityOf(action));
    return [action, { action, title, severity: severityOf(action), extendedSeverity, known: true }];
  }),
);

/** Classifies a record that names the canonical action itself. It does not say which triple it was, so the highest of the action's rows counts. */
export function classifyAction(action: string): Classification {
  return BY_ACTION.get(action) ?? asClassification(FALLBACKS.at(-1), action, false);
}

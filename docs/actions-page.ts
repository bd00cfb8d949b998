import { CATALOG, classifyAction, FALLBACKS } from '../lib/events/catalog/catalog';
import type { CatalogRow } from '../lib/events/catalog/row';
import {
  addsRoute,
  addsTag,
  changedByAdmin,
  disablesPosture,
  expiresNow,
  gainsOwner,
  isAuthKey,
  isFederatedIdentity,
  isOauthClient,
  mentionsSaml,
  nodeAddsRoute,
  removesRoute,
  routesUnknown,
  turnsMagicDnsOff,
  type Condition,
} from '../lib/events/catalog/conditions';
import { higherSeverity, severityOf } from '../lib/events/catalog/severity';
import { code, table } from './markdown';

/** What the page calls each condition of lib/events/catalog/conditions.ts. */
const WORDS: ReadonlyMap<Condition, string> = new Map([
  [mentionsSaml, '`old`, `new` or the details mention SAML'],
  [turnsMagicDnsOff, '`new.magicDNS` is false'],
  [gainsOwner, '`new` has the role owner, `old` does not'],
  [expiresNow, 'through the console or the API, to a time in the past or within 60 s'],
  [changedByAdmin, 'through the console or the API'],
  [routesUnknown, '`old` or `new` is not a list'],
  [nodeAddsRoute, "the device itself added a route outside Tailscale's own addresses"],
  [addsRoute, "a route outside Tailscale's own addresses was added"],
  [removesRoute, "a route outside Tailscale's own addresses was removed"],
  [addsTag, 'a tag was added'],
  [disablesPosture, '`new.PostureDisabled` is true'],
  [isAuthKey, 'the target is named "Auth key…", or the key can register devices'],
  [isOauthClient, 'the target\'s name contains "OAuth client" or "trust credential"'],
  [isFederatedIdentity, 'the target\'s name contains "federated" or "workload"'],
]);

const INTRODUCTION = `# Actions

Generated from \`lib/events/catalog\` by \`npm run generate\`; do not edit.

Tailscale's API names each change with a triple, \`TARGET.ACTION\` or \`TARGET.ACTION.PROPERTY\`. An event has the
triple in \`detail.native\`, and its canonical action from these tables in \`detail.action\`. Among the rows of one triple,
the first whose condition holds applies. \`*\` is any action without a row.

**spec** is the default severity, from the table in [events.md](events.md). **extended** is the severity with the setting
\`severityProfile\` at \`extended\`; it is never lower.
`;

const FALLBACK_INTRODUCTION = `## Unknown triples

The first row that matches applies, and the event has \`action\` in its \`schemaDrift\`. \`*\` is any text or no text.
\`<target>:<verb>\` is made of the record's own words: \`QUANTUM_LINK.CREATE\` would be \`quantum_link:create\`.
The verb \`REVOKE\` becomes \`delete\`.
`;

const ACTIONS_INTRODUCTION = `## All actions

A record of the audit dialect names its canonical action and no triple. Its extended severity is the highest of the
action's rows.
`;

/** The text of docs/actions.md. */
export function actionsPage(): string {
  const targets = [...new Set(CATALOG.map(targetOf))].sort();
  const sections = targets.map((target) =>
    [`## ${target}\n`, tripleTable(CATALOG.filter((row) => targetOf(row) === target))].join('\n'),
  );
  return [
    INTRODUCTION,
    ...sections,
    [FALLBACK_INTRODUCTION, fallbackTable()].join('\n'),
    [ACTIONS_INTRODUCTION, actionTable()].join('\n'),
  ].join('\n');
}

function targetOf({ native }: CatalogRow): string {
  return native.split('.')[0] ?? '';
}

function tripleTable(rows: readonly CatalogRow[]): string {
  return table(
    ['triple', 'when', 'action', 'spec', 'extended', 'title'],
    rows.map((row, at) => {
      const spec = severityOf(row.action);
      const follows = rows.slice(0, at).some(({ native }) => native === row.native);
      return [
        [row.native, ...(row.also ?? [])].map(code).join(', '),
        condition(row, follows),
        code(row.action),
        spec,
        higherSeverity(spec, row.raised ?? 'info'),
        row.title,
      ];
    }),
  );
}

function condition({ when, native }: CatalogRow, follows: boolean): string {
  if (when === undefined) return follows ? 'otherwise' : '';
  const words = WORDS.get(when);
  if (words === undefined) throw new Error(`docs/actions-page.ts has no words for a condition of ${native}`);
  return words;
}

function fallbackTable(): string {
  return table(
    ['triple', 'action', 'spec', 'extended'],
    FALLBACKS.map(({ native, action, raised = 'info' }) => {
      const isDerived = action.includes('<');
      const spec = severityOf(action);
      return [
        patterns(native),
        code(action),
        isDerived ? 'by the action' : spec,
        isDerived ? `${raised} at least` : higherSeverity(spec, raised),
      ];
    }),
  );
}

/** `TAILNET.*.DNS*|MAGIC*` as two patterns. */
function patterns(native: string): string {
  const [target, verb, property = ''] = native.split('.');
  return property
    .split('|')
    .map((one) => code(`${target}.${verb}.${one}`))
    .join(', ');
}

function actionTable(): string {
  const actions = [...new Set(CATALOG.map(({ action }) => action))].sort();
  return table(
    ['action', 'spec', 'extended'],
    actions.map((action) => {
      const { severity, extendedSeverity } = classifyAction(action);
      return [code(action), severity, extendedSeverity];
    }),
  );
}

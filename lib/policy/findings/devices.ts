import { canAfford, type Budget } from '../access/budget';
import { gainedHoldings, type Holding } from '../access/holding';
import type { PolicyChange } from '../compare/policy-change';
import { isObject, strings } from '../parse/canonical';
import { without } from '../parse/collections';
import type { Members, Model, NodeAttrs } from '../parse/model';
import { evidenceByPlace, finding, lineOfSection, listed, sectionEvidence } from './finding';
import type { Evidence, FindingRule } from './finding';

/** Steps for each text that is made of a pair of names. */
const STEPS_OF_PAIR = 4;

/** For each attribute the targets of all entries that have it. */
function attributeHolders(
  { nodeAttrs }: Model,
  isWanted: (attr: string) => boolean,
  budget: Budget,
): ReadonlyMap<string, Members> {
  const holders = new Map<string, Members & { readonly members: string[] }>();
  for (const { attr, target, path, line } of nodeAttrs) {
    for (const key of attr.filter(isWanted)) {
      if (!canAfford(budget, target.length)) return holders;
      const known = holders.get(key);
      if (known === undefined) holders.set(key, { key, path, line, members: [...target] });
      else for (const name of target) known.members.push(name);
    }
  }
  return holders;
}

/** Targets that gained an attribute. */
export function gainedAttributes(
  { comparison }: PolicyChange,
  isWanted: (attr: string) => boolean,
): readonly Holding[] {
  const [before, after] = [comparison.from, comparison.to].map(({ model }) =>
    attributeHolders(model, isWanted, comparison.budget),
  );
  return gainedHoldings(comparison, after ?? new Map(), (key) => before?.get(key)?.members ?? []);
}

function funnel(change: PolicyChange): readonly Evidence[] {
  const entries = new Map(
    change.next.nodeAttrs
      .filter(({ attr }) => attr.includes('funnel'))
      .flatMap((entry) => entry.target.map((target): [string, NodeAttrs] => [target, entry])),
  );
  return evidenceByPlace(
    gainedAttributes(change, (attr) => attr === 'funnel').filter(({ cause }) => cause === 'rule'),
    (holding) => atNodeAttrs(entries.get(holding.holder) ?? holding),
    ({ holder }) => `${holder} can expose services to the internet`,
  );
}

function atNodeAttrs({ path, line }: { path: string; line: number }): Omit<Evidence, 'evidence'> {
  return { section: 'nodeAttrs', path, line };
}

/** Each domain or route with each connector that routes it. */
export function connectorDomains({ nodeAttrs }: Model, budget: Budget): ReadonlyMap<string, NodeAttrs> {
  return new Map(
    nodeAttrs.flatMap((entry) =>
      [...entry.app.values()].flat().flatMap((value) => {
        if (!isObject(value)) return [];
        const connectors = strings(value['connectors']);
        const domains = [...strings(value['domains']), ...strings(value['routes'])];
        if (!canAfford(budget, domains.length * connectors.length * STEPS_OF_PAIR)) return [];
        return domains.flatMap((domain) =>
          connectors.map((connector): [string, NodeAttrs] => [`${domain} through ${connector}`, entry]),
        );
      }),
    ),
  );
}

function connectors({ old, next, budget }: PolicyChange): readonly Evidence[] {
  const before = connectorDomains(old, budget);
  return evidenceByPlace(
    [...connectorDomains(next, budget)].filter(([domain]) => !before.has(domain)),
    ([, entry]) => atNodeAttrs(entry),
    ([domain]) => domain,
  );
}

function changedDns({ old, next, budget }: PolicyChange): readonly Evidence[] {
  const [before, after] = [[...new Set(nextDns(old, budget))], [...new Set(nextDns(next, budget))]];
  const changed = [
    ...without(after, before).map((item) => `+ ${item}`),
    ...without(before, after).map((item) => `- ${item}`),
  ];
  const entry = next.nodeAttrs.find(({ attr }) => attr.some(isNextDns));
  const place = entry === undefined ? sectionEvidence('nodeAttrs', '') : atNodeAttrs(entry);
  const inAttributes = changed.length > 0 ? [{ ...place, evidence: listed(changed) }] : [];
  return [...inAttributes, ...changedSection(old, next, 'extraDNSRecords')];
}

function nextDns({ nodeAttrs }: Model, budget: Budget): readonly string[] {
  return nodeAttrs.flatMap(({ attr, target }) =>
    attr
      .filter(isNextDns)
      .flatMap((item) =>
        canAfford(budget, target.length * STEPS_OF_PAIR) ? target.map((name) => `${item} for ${name}`) : [],
      ),
  );
}

function isNextDns(attr: string): boolean {
  return attr.startsWith('nextdns');
}

/** One evidence when the content of a section differs. */
function changedSection(old: Model, next: Model, section: string): readonly Evidence[] {
  const [before = [], after = []] = [old, next].map(({ policy }) =>
    policy
      .entries(section)
      .map(({ key, text }) => `${key ?? ''} ${text}`)
      .sort(),
  );
  if (before.length === after.length && before.every((text, at) => text === after[at])) return [];
  const evidence = `${before.length} ${before.length === 1 ? 'entry' : 'entries'} before, ${after.length} after`;
  return [sectionEvidence(section, evidence, lineOfSection(next, section))];
}

export const DEVICE_FINDINGS: readonly FindingRule[] = [
  finding('FUNNEL-ADDED', 'high', 'counted', 'Funnel node attribute added', funnel),
  finding('APPCONN-CHANGED', 'medium', 'new only', 'App connector domain or route added', connectors),
  finding('NODEATTR-DNS', 'medium', 'new only', 'DNS node attribute or DNS record changed', changedDns),
  finding('DERP-CHANGED', 'medium', 'new only', 'DERP map changed', ({ old, next }) =>
    changedSection(old, next, 'derpMap'),
  ),
];

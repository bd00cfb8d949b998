import { canAfford, type Budget } from '../access/budget';
import { isObject, strings } from '../parse/canonical';
import { gainedHoldings, type Holding } from '../access/holding';
import type { Members, Model, NodeAttrs } from '../parse/model';
import type { PolicyChange } from '../compare/policy-change';
import { byPlace, listed, type Evidence, type FindingRule } from './finding';

/** Who has the attribute: key, and the targets of all entries that give it. */
export function attributeHolders(
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

/** Targets that have an attribute now and had not. */
export function gainedAttributes(
  { comparison }: PolicyChange,
  isWanted: (attr: string) => boolean,
): readonly Holding[] {
  const before = attributeHolders(comparison.from.model, isWanted, comparison.budget);
  return gainedHoldings(
    comparison,
    attributeHolders(comparison.to.model, isWanted, comparison.budget),
    (key) => before.get(key)?.members ?? [],
  );
}

function funnel(change: PolicyChange): readonly Evidence[] {
  const gained = gainedAttributes(change, (attr) => attr === 'funnel').filter(({ cause }) => cause === 'rule');
  const entries = new Map(
    change.next.nodeAttrs
      .filter(({ attr }) => attr.includes('funnel'))
      .flatMap((entry) => entry.target.map((target): [string, NodeAttrs] => [target, entry])),
  );
  return byPlace(
    'nodeAttrs',
    gained,
    (holding) => entries.get(holding.holder) ?? holding,
    ({ holder }) => `${holder} may open services to the internet`,
  );
}

/** Domains and routes with the connectors that carry them. */
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

/** Each is a text of its own. */
const STEPS_OF_PAIR = 4;

function connectors({ old, next, budget }: PolicyChange): readonly Evidence[] {
  const before = connectorDomains(old, budget);
  const came = [...connectorDomains(next, budget)].filter(([domain]) => !before.has(domain));
  return byPlace(
    'nodeAttrs',
    came,
    ([, entry]) => entry,
    ([domain]) => domain,
  );
}

/** The DNS that devices are given, whatever became of it. */
export function changedDns({ old, next, budget }: PolicyChange): readonly Evidence[] {
  const [before, after] = [new Set(nextDns(old, budget)), new Set(nextDns(next, budget))];
  const differing = [
    ...[...after].filter((item) => !before.has(item)).map((item) => `+ ${item}`),
    ...[...before].filter((item) => !after.has(item)).map((item) => `- ${item}`),
  ];
  const entry = next.nodeAttrs.find(({ attr }) => attr.some(isNextDns));
  const inAttributes =
    differing.length > 0
      ? [
          {
            section: 'nodeAttrs',
            path: entry?.path ?? 'nodeAttrs',
            line: entry?.line ?? null,
            evidence: listed(differing),
          },
        ]
      : [];
  return [...inAttributes, ...changedSection({ old, next }, 'extraDNSRecords')];
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

/** One piece of evidence where the content of a section differs. */
export function changedSection(
  { old, next }: Pick<PolicyChange, 'old' | 'next'>,
  section: string,
): readonly Evidence[] {
  const textsOf = ({ policy }: Model): readonly string[] =>
    policy
      .entries(section)
      .map(({ key, text }) => `${key ?? ''} ${text}`)
      .sort();
  const [before, after] = [textsOf(old), textsOf(next)];
  if (before.length === after.length && before.every((text, at) => text === after[at])) return [];
  const count = (entries: readonly string[]): string =>
    `${entries.length} ${entries.length === 1 ? 'entry' : 'entries'}`;
  return [
    {
      section,
      path: section,
      line: next.policy.sections.get(section)?.line ?? null,
      evidence: `${count(before)} before, ${count(after)} now`,
    },
  ];
}

export const DEVICE_FINDINGS: readonly FindingRule[] = [
  {
    id: 'FUNNEL-ADDED',
    severity: 'high',
    standing: true,
    title: 'Devices may open services to the internet',
    when: funnel,
  },
  {
    id: 'APPCONN-CHANGED',
    severity: 'medium',
    standing: false,
    title: 'App connectors carry more domains',
    when: connectors,
  },
  {
    id: 'NODEATTR-DNS',
    severity: 'medium',
    standing: false,
    title: 'The DNS that devices use is set otherwise',
    when: changedDns,
  },
  {
    id: 'DERP-CHANGED',
    severity: 'medium',
    standing: false,
    title: 'The relays are set otherwise',
    when: (change) => changedSection(change, 'derpMap'),
  },
];

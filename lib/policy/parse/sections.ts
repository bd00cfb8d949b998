/** How a section is compared: as rules, as lists of members by key, as one list of members, or as a value of unknown shape. */
type SectionShape = 'rules' | 'keyedLists' | 'list' | 'other';

/** Top-level keys of a policy file. Source: Tailscale, Syntax reference for the tailnet policy file. */
const SHAPES = {
  grants: 'rules',
  acls: 'rules',
  ssh: 'rules',
  groups: 'keyedLists',
  hosts: 'keyedLists',
  ipsets: 'keyedLists',
  postures: 'keyedLists',
  defaultSrcPosture: 'list',
  tagOwners: 'keyedLists',
  autoApprovers: 'keyedLists',
  nodeAttrs: 'rules',
  tests: 'rules',
  sshTests: 'rules',
  derpMap: 'other',
  disableIPv4: 'other',
  OneCGNATRoute: 'other',
  randomizeClientPort: 'other',
  attrConfig: 'other',
  extraDNSRecords: 'other',
} as const satisfies Readonly<Record<string, SectionShape>>;

export type SectionName = keyof typeof SHAPES;
export type RuleSection = { [Name in SectionName]: (typeof SHAPES)[Name] extends 'rules' ? Name : never }[SectionName];

const BY_LOWER_CASE: ReadonlyMap<string, string> = new Map(
  Object.keys(SHAPES).map((name) => [name.toLowerCase(), name]),
);
/** Known sections in the order of the result. */
export const SECTION_ORDER: readonly string[] = Object.keys(SHAPES);

/** The canonical name. Tailscale ignores the case of top-level keys; an unknown key keeps its spelling. */
export function sectionName(written: string): string {
  return BY_LOWER_CASE.get(written.toLowerCase()) ?? written;
}

export function isSectionName(name: string): name is SectionName {
  return Object.hasOwn(SHAPES, name);
}

export function isRuleSection(name: string): name is RuleSection {
  return sectionShape(name) === 'rules';
}

export function sectionShape(name: string): SectionShape {
  return isSectionName(name) ? SHAPES[name] : 'other';
}

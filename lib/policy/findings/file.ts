import { canAfford, type Budget } from '../access/budget';
import type { PolicyChange } from '../compare/policy-change';
import { isObject, splitTarget, strings } from '../parse/canonical';
import type { Model } from '../parse/model';
import type { Entry } from '../parse/policy';
import { formatPorts } from '../parse/ports';
import { isSectionName } from '../parse/sections';
import { clip } from '../report/clip';
import { finding, lineOfSection, listed, sectionEvidence, type Evidence, type FindingRule } from './finding';

const TESTS = ['tests', 'sshTests'] as const;

function testsRemoved({ old, next }: PolicyChange): readonly Evidence[] {
  return TESTS.flatMap((section) => {
    const before = old.policy.entries(section).length;
    const isRemoved = before > 0 && next.policy.entries(section).length === 0;
    return isRemoved ? [sectionEvidence(section, `${before} before, 0 after`)] : [];
  });
}

/** Not when all tests are removed: that is a finding by itself. Not for a denial with a name that is no longer defined. */
function testsLoosened(change: PolicyChange): readonly Evidence[] {
  const { old, next } = change;
  return TESTS.flatMap((section) => {
    if (next.policy.entries(section).length === 0) return [];
    const kept = new Set(denialsOf(next, section, change.budget));
    const lost = denialsOf(old, section, change.budget)
      .filter((denial) => !kept.has(denial) && !kept.has(denial.replace(/\d[\d-]*$/, '*')))
      .filter((denial) => !isUndefined(change, denial))
      .map((denial) => denial.replaceAll('\n', ' '));
    return lost.length > 0
      ? [sectionEvidence(section, `denial removed: ${listed(lost)}`, lineOfSection(next, section))]
      : [];
  });
}

/** The denials of a section's tests, one for each source, destination and port: `src not dst port` in lines. */
export function denialsOf({ policy }: Model, section: string, budget: Budget): readonly string[] {
  return policy.entries(section).flatMap((entry) => denials(entry, budget));
}

/** Steps for each text. */
const STEPS_OF_DENIAL = 4;

function denials({ value }: Entry, budget: Budget): readonly string[] {
  if (!isObject(value)) return [];
  const hosts = strings(value['dst']).length > 0 ? strings(value['dst']) : [''];
  const denied = strings(value['deny']).flatMap((target) => {
    const { host, ports } = splitTarget(target);
    if (ports === null) return [target];
    return formatPorts(ports)
      .split(',')
      .map((port) => `${host}\n${port}`);
  });
  const sources = strings(value['src']);
  if (!canAfford(budget, sources.length * hosts.length * denied.length * STEPS_OF_DENIAL)) return [];
  return sources.flatMap((src) => hosts.flatMap((host) => denied.map((target) => `${src}\nnot ${host}\n${target}`)));
}

function isUndefined({ old, next }: PolicyChange, denial: string): boolean {
  const names = denial.split('\n').map((part) => part.replace(/^not /, ''));
  return names.some((name) => isDefined(old, name) && !isDefined(next, name));
}

function isDefined({ groups, hosts, ipsets, tagOwners }: Model, name: string): boolean {
  return [groups, hosts, ipsets, tagOwners].some((keyed) => keyed.has(name));
}

function duplicateKeys({ old, next }: PolicyChange): readonly Evidence[] {
  const known = new Set(old.policy.duplicates.map(({ path }) => path));
  return next.policy.duplicates
    .filter(({ path }) => !known.has(path))
    .map(({ path, line }) => {
      const evidence = `${path} occurs twice; the later value counts`;
      return { section: path.split(/[.[]/)[0] ?? '', path, line, evidence };
    });
}

function emptied({ old, next }: PolicyChange): readonly Evidence[] {
  // An empty list of acls or grants is content: it denies everything.
  const before = [...old.policy.sections.keys()].filter(
    (section) => old.policy.entries(section).length > 0 || ['acls', 'grants'].includes(section),
  );
  return next.policy.sections.size === 0 && before.length > 0
    ? [sectionEvidence('', `removed: ${listed(before)}`)]
    : [];
}

function unknownKeys({ old, next }: PolicyChange): readonly Evidence[] {
  return [...next.policy.sections]
    .filter(([name]) => !isSectionName(name) && !old.policy.sections.has(name))
    .map(([name, { line }]) => sectionEvidence(clip(name), clip(name), line));
}

export const FILE_FINDINGS: readonly FindingRule[] = [
  finding('TESTS-REMOVED', 'high', 'new only', 'All policy tests removed', testsRemoved),
  finding('TESTS-LOOSENED', 'medium', 'new only', 'Denial removed from policy tests', testsLoosened),
  finding('DUP-KEY', 'medium', 'counted', 'Duplicate key added', duplicateKeys),
  finding('POLICY-EMPTIED', 'high', 'new only', 'All policy sections removed', emptied),
  finding('UNKNOWN-KEY', 'info', 'counted', 'Unknown section added', unknownKeys),
];

/** Not in the catalogue: a side that does not parse cannot be compared. */
export const PARSE_ERROR = { id: 'PARSE-ERROR', severity: 'medium', title: 'Policy does not parse' } as const;

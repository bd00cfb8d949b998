import { canAfford, type Budget } from '../access/budget';
import { isObject, splitTarget, strings } from '../parse/canonical';
import type { Model } from '../parse/model';
import type { Entry } from '../parse/policy';
import type { PolicyChange } from '../compare/policy-change';
import { formatPorts } from '../parse/ports';
import { isSectionName } from '../parse/sections';
import { clip } from '../report/clip';
import { listed, type Evidence, type FindingRule } from './finding';

const TESTS = ['tests', 'sshTests'] as const;

function testsRemoved({ old, next }: PolicyChange): readonly Evidence[] {
  return TESTS.flatMap((section) => {
    const before = old.policy.entries(section).length;
    return before > 0 && next.policy.entries(section).length === 0
      ? [{ section, path: section, line: null, evidence: `${before} before, none now` }]
      : [];
  });
}

/** A test that all tests went with is told as that. What a test names that is no longer defined cannot be tested. */
function testsLoosened(change: PolicyChange): readonly Evidence[] {
  const { old, next } = change;
  return TESTS.flatMap((section) => {
    if (next.policy.entries(section).length === 0) return [];
    const kept = new Set(denialsOf(next, section, change.budget));
    const lost = denialsOf(old, section, change.budget).filter(
      (denial) => !kept.has(denial) && !kept.has(denial.replace(/\d[\d-]*$/, '*')) && !isUndefined(change, denial),
    );
    const line = next.policy.sections.get(section)?.line ?? null;
    return lost.length > 0
      ? [
          {
            section,
            path: section,
            line,
            evidence: `no longer tested: ${listed(lost.map((denial) => denial.replaceAll('\n', ' ')))}`,
          },
        ]
      : [];
  });
}

/** What the tests of a section assert cannot be done, one source, destination and port each, as `src not dst`. */
export function denialsOf({ policy }: Model, section: string, budget: Budget): readonly string[] {
  return policy.entries(section).flatMap((entry) => denials(entry, budget));
}

function denials({ value }: Entry, budget: Budget): readonly string[] {
  if (!isObject(value)) return [];
  const hosts = strings(value['dst']).length > 0 ? strings(value['dst']) : [''];
  const denied = strings(value['deny']).flatMap((target) => {
    const { host, ports } = splitTarget(target);
    return ports === null
      ? [target]
      : formatPorts(ports)
          .split(',')
          .map((port) => `${host}\n${port}`);
  });
  const sources = strings(value['src']);
  if (!canAfford(budget, sources.length * hosts.length * denied.length * STEPS_OF_DENIAL)) return [];
  return sources.flatMap((src) => hosts.flatMap((host) => denied.map((target) => `${src}\nnot ${host}\n${target}`)));
}

/** Each is a text of its own. */
const STEPS_OF_DENIAL = 4;

function isUndefined({ old, next }: PolicyChange, denial: string): boolean {
  const names = denial.split('\n').map((part) => part.replace(/^not /, ''));
  return names.some((name) => isDefined(old, name) && !isDefined(next, name));
}

function isDefined({ groups, hosts, ipsets, tagOwners }: Model, name: string): boolean {
  return groups.has(name) || hosts.has(name) || ipsets.has(name) || tagOwners.has(name);
}

function duplicateKeys({ old, next }: PolicyChange): readonly Evidence[] {
  const known = new Set(old.policy.duplicates.map(({ path }) => path));
  return next.policy.duplicates
    .filter(({ path }) => !known.has(path))
    .map(({ path, line }) => ({
      section: path.split(/[.[]/)[0] ?? '',
      path,
      line,
      evidence: `${path} is there twice; the later one counts`,
    }));
}

/** These say something when they are empty: nothing is allowed. */
const DENY_ALL: ReadonlySet<string> = new Set(['acls', 'grants']);

function emptied({ old, next }: PolicyChange): readonly Evidence[] {
  const before = [...old.policy.sections.keys()].filter(
    (section) => old.policy.entries(section).length > 0 || DENY_ALL.has(section),
  );
  return next.policy.sections.size === 0 && before.length > 0
    ? [{ section: '', path: '', line: null, evidence: `${listed(before)} before, nothing now` }]
    : [];
}

function unknownKeys({ old, next }: PolicyChange): readonly Evidence[] {
  return [...next.policy.sections].flatMap(([name, { line }]) =>
    isSectionName(name) || old.policy.sections.has(name)
      ? []
      : [{ section: clip(name), path: clip(name), line, evidence: clip(name) }],
  );
}

export const FILE_FINDINGS: readonly FindingRule[] = [
  {
    id: 'TESTS-REMOVED',
    severity: 'high',
    standing: false,
    title: 'All tests of the policy are gone',
    when: testsRemoved,
  },
  {
    id: 'TESTS-LOOSENED',
    severity: 'medium',
    standing: false,
    title: 'A test that something is denied is gone',
    when: testsLoosened,
  },
  { id: 'DUP-KEY', severity: 'medium', standing: true, title: 'A key is there twice', when: duplicateKeys },
  { id: 'POLICY-EMPTIED', severity: 'high', standing: false, title: 'Nothing is left of the policy', when: emptied },
  {
    id: 'UNKNOWN-KEY',
    severity: 'info',
    standing: true,
    title: 'A section that this version does not know',
    when: unknownKeys,
  },
];

/** For a side that does not parse there is no change to look at. */
export const PARSE_ERROR = { id: 'PARSE-ERROR', severity: 'medium', title: 'The policy does not parse' } as const;

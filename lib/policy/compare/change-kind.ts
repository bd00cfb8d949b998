import { connectorDomains, gainedAttributes } from '../findings/devices';
import { findingsOf } from '../findings/catalogue';
import { denialsOf } from '../findings/file';
import { isDefaultOpen, type Model } from '../parse/model';
import { reverse, type PolicyChange } from './policy-change';
import { ALL_PORTS, subtractPorts } from '../parse/ports';
import { implies } from '../access/posture';
import type { SectionDiff } from './semantic-diff';

/**
 * `cosmetic`: what the policy allows is the same. `widened`, `narrowed`, `mixed`: it allows more, less, or both.
 * `unknown`: it cannot be told, or what changed allows and denies nothing.
 */
export type ChangeKind = 'cosmetic' | 'narrowed' | 'widened' | 'mixed' | 'unknown';

interface Direction {
  readonly widened: boolean;
  readonly narrowed: boolean;
}

/** Sections whose content is judged for what it allows; of any other it is only known that it differs. */
const JUDGED: ReadonlySet<string> = new Set([
  'acls',
  'grants',
  'ssh',
  'groups',
  'hosts',
  'ipsets',
  'postures',
  'defaultSrcPosture',
  'tagOwners',
  'autoApprovers',
]);

/** The direction of a change, judged by what the policy allows; where that stays, by its tests, and then by names that nothing uses. */
export function changeKind(change: PolicyChange, sections: readonly SectionDiff[]): ChangeKind {
  if (sections.length === 0) return 'cosmetic';
  // Before the first policy nothing is known to be allowed; without a policy everything is.
  if (!change.old.policy.present) return gives(change) ? 'widened' : 'unknown';
  if (!change.next.policy.present) return isDefaultOpen(change.old) || allowsAll(change) ? 'unknown' : 'widened';
  const back = reverse(change);
  const levels = [
    { widened: gives(change), narrowed: gives(back) },
    { widened: asserts(back), narrowed: asserts(change) },
    { widened: grows(change), narrowed: grows(back) },
  ];
  if (change.budget.isSpent()) return 'unknown';
  const decided = levels.find(({ widened, narrowed }) => widened || narrowed);
  if (decided !== undefined) return named(decided);
  const isHarmless = sections.every(({ section }) => JUDGED.has(section)) && [change, back].every(reportsNothing);
  return isHarmless ? 'cosmetic' : 'unknown';
}

/** Nothing that a person should look at, as far as the catalogue knows. */
function reportsNothing(change: PolicyChange): boolean {
  return findingsOf(change).every(({ severity }) => severity === 'info');
}

function named({ widened, narrowed }: Direction): ChangeKind {
  if (widened && narrowed) return 'mixed';
  return widened ? 'widened' : 'narrowed';
}

/** Attributes that let a device do more; of the others it cannot be told. */
const WIDENING_ATTRIBUTES = /^(?:funnel|mullvad|drive:)/;

/** Whether the new side of a change gives anything that the old one did not. */
function gives(change: PolicyChange): boolean {
  const { access, capabilities, ssh, owners, approvers, old, next } = change;
  if (capabilities.length + ssh.length + owners.length + approvers.length > 0) return true;
  if (gainedAttributes(change, (attr) => WIDENING_ATTRIBUTES.test(attr)).length > 0) return true;
  const before = connectorDomains(old, change.budget);
  if ([...connectorDomains(next, change.budget).keys()].some((domain) => !before.has(domain))) return true;
  // Without any rule everything is allowed: nothing can be added to it, and little that has rules allows as much.
  if (isDefaultOpen(old) && old.policy.present) return false;
  if (isDefaultOpen(next)) return !allowsAll(change);
  return access.length > 0;
}

function allowsAll({ before }: PolicyChange): boolean {
  const everything = { key: '*', kind: 'everything' } as const;
  return (
    before.matches(everything, everything).reduce((left, { ports }) => subtractPorts(left, ports), ALL_PORTS).length ===
    0
  );
}

/** Whether the tests of the new side deny something that those of the old one do not. */
function asserts({ next, old, budget }: PolicyChange): boolean {
  const all = (model: Model): readonly string[] =>
    ['tests', 'sshTests'].flatMap((section) => denialsOf(model, section, budget));
  const known = new Set(all(old));
  return all(next).some((denial) => !known.has(denial));
}

/** Whether a name that both sides have stands for more. */
function grows({ old, next, comparison }: PolicyChange): boolean {
  const alias = (['groups', 'hosts', 'ipsets'] as const).some((section) =>
    [...next[section].keys()].some((key) => old[section].has(key) && comparison.newLeaves(key).length > 0),
  );
  return (
    alias ||
    [...next.postures.values()].some(
      ({ key, members }) => old.postures.has(key) && !implies(members, old.postures.get(key)?.members ?? []),
    )
  );
}

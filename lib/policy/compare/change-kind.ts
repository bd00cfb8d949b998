import { connectorDomains, gainedAttributes } from '../findings/devices';
import { findingsOf } from '../findings/catalogue';
import { denialsOf } from '../findings/file';
import { without } from '../parse/collections';
import { isDefaultOpen, type Model } from '../parse/model';
import { reverse, type PolicyChange } from './policy-change';
import { ALL_PORTS, subtractPorts } from '../parse/ports';
import { implies } from '../access/posture';
import type { SectionDiff } from './semantic-diff';

/**
 * `cosmetic`: the policy allows the same. `widened`, `narrowed`, `mixed`: it allows more, less, or both.
 * `unknown`: the direction is not known, or the changed sections neither allow nor deny anything.
 */
export type ChangeKind = 'cosmetic' | 'narrowed' | 'widened' | 'mixed' | 'unknown';

/** Sections of which the comparison knows what they allow. */
const COMPARED: ReadonlySet<string> = new Set(
  'acls grants ssh groups hosts ipsets postures defaultSrcPosture tagOwners autoApprovers'.split(' '),
);

/** The direction of a change: of what the policy allows, else of its tests, else of the names that nothing uses. */
export function changeKind(change: PolicyChange, sections: readonly SectionDiff[]): ChangeKind {
  if (sections.length === 0) return 'cosmetic';
  // What was allowed before the first policy is not known. Without a policy everything is allowed.
  if (!change.old.policy.present) return allowsMore(change) ? 'widened' : 'unknown';
  if (!change.next.policy.present) return isDefaultOpen(change.old) || allowsAll(change) ? 'unknown' : 'widened';
  const back = reverse(change);
  const levels = [
    { widened: allowsMore(change), narrowed: allowsMore(back) },
    { widened: deniesMore(back), narrowed: deniesMore(change) },
    { widened: hasWiderNames(change), narrowed: hasWiderNames(back) },
  ];
  if (change.budget.isSpent()) return 'unknown';
  const decided = levels.find(({ widened, narrowed }) => widened || narrowed);
  if (decided?.widened === true) return decided.narrowed ? 'mixed' : 'widened';
  if (decided !== undefined) return 'narrowed';
  const isHarmless =
    sections.every(({ section }) => COMPARED.has(section)) &&
    [change, back].every((one) => findingsOf(one).every(({ severity }) => severity === 'info'));
  return isHarmless ? 'cosmetic' : 'unknown';
}

/** Attributes that let a device do more. */
const WIDENING_ATTRIBUTES = /^(?:funnel|mullvad|drive:)/;

/** Whether the new side allows anything that the old side did not. */
function allowsMore(change: PolicyChange): boolean {
  const { access, capabilities, ssh, owners, approvers, old, next } = change;
  if (capabilities.length + ssh.length + owners.length + approvers.length > 0) return true;
  if (gainedAttributes(change, (attr) => WIDENING_ATTRIBUTES.test(attr)).length > 0) return true;
  const before = connectorDomains(old, change.budget);
  if ([...connectorDomains(next, change.budget).keys()].some((domain) => !before.has(domain))) return true;
  // Without acls and grants everything is allowed: rules cannot add to it, and only rules for everything allow as much.
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

/** Whether a test of the new side denies something that no test of the old side denies. */
function deniesMore({ next, old, budget }: PolicyChange): boolean {
  const denials = (model: Model): readonly string[] =>
    ['tests', 'sshTests'].flatMap((section) => denialsOf(model, section, budget));
  return without(denials(next), denials(old)).length > 0;
}

/** Whether a name that both sides have resolves to more, or a posture that both sides have requires less. */
function hasWiderNames({ old, next, comparison }: PolicyChange): boolean {
  const hasWiderAlias = (['groups', 'hosts', 'ipsets'] as const).some((section) =>
    [...next[section].keys()].some((key) => old[section].has(key) && comparison.newLeaves(key).length > 0),
  );
  return (
    hasWiderAlias ||
    [...next.postures.values()].some(
      ({ key, members }) => old.postures.has(key) && !implies(members, old.postures.get(key)?.members ?? []),
    )
  );
}

import { containsRange, parseAddressRange } from '../parse/address';
import type { Members } from '../parse/model';
import { createCoverage } from './selector';
import type { Comparison } from './side';

/** A member that a key gained: an owner of a tag, an approver of a route, a target of an attribute. */
export interface Holding {
  readonly key: string;
  readonly holder: string;
  /** `alias`: the key had the same name before, and the name resolves to more now. */
  readonly cause: 'rule' | 'alias';
  readonly path: string;
  readonly line: number;
}

/** Admins may assign every tag, listed or not. */
const ADMINS = ['autogroup:admin', 'autogroup:owner', 'autogroup:network-admin'];

/** Owners of tags on `to` who could not assign the tag on `from`. */
export function gainedOwners(comparison: Comparison): readonly Holding[] {
  const { from, to } = comparison;
  return gainedHoldings(comparison, to.model.tagOwners, (tag) => [
    ...ADMINS,
    ...(from.model.tagOwners.get(tag)?.members ?? []),
  ]);
}

/** Approvers on `to` whose routes, exit nodes or services were not auto-approved on `from`. A route covers its subnets. */
export function gainedApprovers(comparison: Comparison): readonly Holding[] {
  const { from, to, budget } = comparison;
  const known = [...from.model.approvers.values()].map((members) => ({ ...members, range: routeRange(members.key) }));
  return gainedHoldings(comparison, to.model.approvers, (key) => {
    budget.spend(known.length);
    const range = routeRange(key);
    return known.flatMap((other) =>
      other.key === key || (range !== undefined && other.range !== undefined && containsRange(other.range, range))
        ? other.members
        : [],
    );
  });
}

/** The address range of a key `routes.<prefix>`. */
function routeRange(key: string): ReturnType<typeof parseAddressRange> {
  return key.startsWith('routes.') ? parseAddressRange(key.slice('routes.'.length)) : undefined;
}

/** @param holdersBefore The holders of a key on `from`. */
export function gainedHoldings(
  { from, to, budget, newLeaves }: Comparison,
  now: ReadonlyMap<string, Members>,
  holdersBefore: (key: string) => readonly string[],
): readonly Holding[] {
  const gained: Holding[] = [];
  for (const { key, members, path, line } of now.values()) {
    if (budget.isSpent()) break;
    const before = new Set(holdersBefore(key));
    budget.spend(before.size);
    const coverage = createCoverage(before, from.resolver, budget);
    for (const holder of members) {
      const isKnown = before.has(holder);
      const leaves = isKnown ? newLeaves(holder) : to.resolver.leaves(holder);
      budget.spend(1 + leaves.length);
      if (leaves.some((leaf) => coverage.covering(leaf).length === 0))
        gained.push({ key, holder, cause: isKnown ? 'alias' : 'rule', path, line });
    }
  }
  return gained;
}

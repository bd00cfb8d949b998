import { domainOfAll, domainOfUser } from '../access/selector';

/** Several users, and at least this part of the largest domain's: a second domain of the same house, not a guest's. */
const SECOND_DOMAIN = { users: 3, share: 1 / 4 };

/**
 * The tailnet's own domains, as far as the users that a policy names tell: the domain with most users, and others that come near it.
 * Nothing in the file or the record says it.
 */
export function homeDomains(names: Iterable<string>): ReadonlySet<string> {
  const users = new Map<string, number>();
  for (const name of new Set(names)) {
    const domain = domainOfUser(name) ?? domainOfAll(name);
    if (domain !== undefined) users.set(domain, (users.get(domain) ?? 0) + 1);
  }
  const most = [...users.values()].reduce((largest, count) => Math.max(largest, count), 0);
  return new Set(
    [...users]
      .filter(([, count]) => count > most / 2 || (count >= SECOND_DOMAIN.users && count >= most * SECOND_DOMAIN.share))
      .map(([domain]) => domain),
  );
}

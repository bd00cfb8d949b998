const SENSITIVE =
  /^(?:prod|production|prd|db|dbs|database|databases|postgres|postgresql|mysql|mongo|mongodb|vault|secrets?|pci|payments?)\d*$/;
const NEGATION = /^(?:non|not|pre|no)$/;

/** Whether a tag is named like production, a database, a vault or card data: `prod-eu`, `db1`, `PciZone`; not `nonprod`, `pre-prod`, `product`. */
export function isSensitiveName(name: string): boolean {
  const words = wordsOf(name);
  return words.some((word, at) => SENSITIVE.test(word) && !NEGATION.test(words[at - 1] ?? ''));
}

const PRIVILEGED =
  /^(?:(?:sys|net|db|it|super|domain|cluster|global)?admins?|administrators?|root|superusers?|owners?|sres?|sec|secs|security|infosec|appsec|(?:dev|sec|devsec|sys|net|cloud|data|db|it|infra|platform|prod|tech|site)?ops)\d*$/;

/** Whether a group is named like admins, root, SRE, operations, security or owners. */
export function isPrivilegedName(name: string): boolean {
  return wordsOf(name).some((word) => PRIVILEGED.test(word));
}

function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

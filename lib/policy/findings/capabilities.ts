import { byPlace, type FindingRule } from './finding';

export const CAPABILITY_FINDINGS: readonly FindingRule[] = [
  {
    id: 'GRANT-APP-PRIV',
    severity: 'high',
    standing: true,
    title: 'A grant gives power in an application',
    when: ({ capabilities }) =>
      byPlace(
        'grants',
        capabilities.filter(({ privileges, cause }) => cause === 'rule' && privileges.length > 0),
        ({ rule }) => rule,
        ({ src, host, capability, privileges }) => `${src} to ${host}: ${capability} ${privileges.join(' ')}`,
      ),
  },
];

import { ALIAS_FINDINGS } from '../../../../lib/policy/findings/aliases';
import { acl, acls, testFindings } from './examples';

const host = (address: string) => ({ hosts: { db: address }, ...acls(acl('group:dev', 'db:5432')) });
const ipset = (...entries: string[]) => ({ ipsets: { 'ipset:x': entries }, ...acls(acl('group:dev', 'ipset:x:443')) });

testFindings(ALIAS_FINDINGS, {
  'ALIAS-RETARGET': {
    reported: [
      ['another address of a host', host('10.0.0.1'), host('10.0.0.2')],
      ['more addresses in an ipset', ipset('10.0.0.0/24', 'remove 10.0.0.128/25'), ipset('10.0.0.0/24')],
    ],
    notReported: [
      ['no rule uses the host', { ...host('10.0.0.1'), acls: [] }, { ...host('10.0.0.2'), acls: [] }],
      ['fewer addresses', ipset('10.0.0.0/24'), ipset('add 10.0.0.0/25')],
    ],
  },
});

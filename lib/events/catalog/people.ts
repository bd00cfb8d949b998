import { gainsOwner } from './conditions';
import { row, type CatalogRow } from './row';

/** Users and groups. In order: the first row that matches wins. */
export const peopleRows: readonly CatalogRow[] = [
  row('USER.CREATE', 'user:create', 'User created', { raised: 'medium' }),
  row('USER.INVITE', 'user:invite', 'User invited'),
  row('USER.RESEND.TAILNET_INVITE', 'user_invite:resend', 'User invite resent'),
  row('USER.APPROVE', 'user:approve', 'User approved', { raised: 'high' }),
  row('USER.UPDATE.USER_ROLE', 'tailnet:transfer_ownership', 'Tailnet ownership transferred', { when: gainsOwner }),
  row('USER.UPDATE.USER_ROLE', 'user:role_update', 'User role changed'),
  // A role for all members of a group. Tailscale's API description does not list this triple.
  row('GROUP.UPDATE.USER_ROLE', 'user:role_update', "Group members' role changed"),
  row('USER.SUSPEND', 'user:suspend', 'User suspended', { raised: 'medium' }),
  row('USER.RESTORE', 'user:restore', 'User restored', { raised: 'medium' }),
  row('USER.SUSPEND_GLOBAL', 'user:suspend', 'User suspended in all tailnets', { raised: 'medium' }),
  row('USER.RESTORE_GLOBAL', 'user:restore', 'User restored in all tailnets', { raised: 'medium' }),
  row('USER.DELETE', 'user:delete', 'User deleted'),
  row('USER.PUSH_USER.ATTRIBUTES', 'user:provision', 'User provisioned'),
  row('GROUP.PUSH_GROUP.ATTRIBUTES', 'group:provision', 'Group provisioned', { raised: 'medium' }),
];

import { gainsOwner } from './conditions';
import type { CatalogRow } from './row';

/** Users and groups. In order: the first row that matches wins. */
export const peopleRows: readonly CatalogRow[] = [
  { native: 'USER.CREATE', action: 'user:create', raised: 'medium', title: 'Create user' },
  { native: 'USER.INVITE', action: 'user:invite', title: 'Invite user to join tailnet' },
  { native: 'USER.RESEND.TAILNET_INVITE', action: 'user_invite:resend', title: 'Invite user to join tailnet' },
  { native: 'USER.APPROVE', action: 'user:approve', raised: 'high', title: 'Approve user' },
  {
    native: 'USER.UPDATE.USER_ROLE',
    action: 'tailnet:transfer_ownership',
    when: gainsOwner,
    title: 'Update role for user',
  },
  { native: 'USER.UPDATE.USER_ROLE', action: 'user:role_update', title: 'Update role for user' },
  // A role for every member of a group; not in Tailscale's API description.
  { native: 'GROUP.UPDATE.USER_ROLE', action: 'user:role_update' },
  { native: 'USER.SUSPEND', action: 'user:suspend', raised: 'medium', title: 'Suspend user' },
  { native: 'USER.RESTORE', action: 'user:restore', raised: 'medium', title: 'Restore user' },
  { native: 'USER.SUSPEND_GLOBAL', action: 'user:suspend', raised: 'medium' },
  { native: 'USER.RESTORE_GLOBAL', action: 'user:restore', raised: 'medium' },
  { native: 'USER.DELETE', action: 'user:delete', title: 'Delete user' },
  { native: 'USER.PUSH_USER.ATTRIBUTES', action: 'user:provision', title: 'Push user' },
  { native: 'GROUP.PUSH_GROUP.ATTRIBUTES', action: 'group:provision', raised: 'medium', title: 'Push group' },
];

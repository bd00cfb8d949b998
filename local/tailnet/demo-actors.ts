interface Person {
  readonly id: string;
  readonly loginName: string;
  readonly displayName: string;
}

const people = {
  ada: { id: 'uAda4HkQ11CNTRL', loginName: 'ada@example.com', displayName: 'Ada Brandt' },
  grace: { id: 'uGraceT7v11CNTRL', loginName: 'grace@example.com', displayName: 'Grace Okafor' },
  max: { id: 'uMax9pWd411CNTRL', loginName: 'max@example.com', displayName: 'Max Keller' },
  joan: { id: 'uJoanC3mX11CNTRL', loginName: 'joan@example.com', displayName: 'Joan Silva' },
} as const satisfies Record<string, Person>;

/** Who acts in the demo. */
export const actors = {
  ada: { ...people.ada, type: 'USER' },
  grace: { ...people.grace, type: 'USER' },
  max: { ...people.max, type: 'USER' },
  joan: { ...people.joan, type: 'USER' },
  terraform: { id: 'kTerra5wB21CNTRL', type: 'OAUTH_CLIENT', loginName: '', displayName: 'OAuth client' },
  okta: { id: '', type: 'SCIM', loginName: '', displayName: 'SCIM' },
  tailscale: { id: '', type: 'AUTOMATED_WORKER', loginName: '', displayName: '' },
  secretScanner: { id: '', type: 'SECRET_SCANNER', loginName: '', displayName: 'Secret scanning partner' },
  router: {
    id: 'nRouterQ8s1CNTRL',
    type: 'NODE',
    loginName: '',
    displayName: 'office-router',
    tags: ['tag:subnet-router'],
  },
} as const;

const tailnet = { id: 'example.com', name: 'example.com', type: 'TAILNET' } as const;

/** A setting of the whole tailnet. */
export function tailnetSetting(property: string): object {
  return { ...tailnet, property };
}

export function user(who: keyof typeof people, property?: string): object {
  const { id, loginName } = people[who];
  return { id, name: loginName, type: 'USER', ...(property !== undefined && { property }) };
}

const devices = {
  'joans-laptop': { id: 'nJoanLap7d1CNTRL' },
  'office-router': { id: 'nRouterQ8s1CNTRL' },
  'old-jumphost': { id: 'nJumphost21CNTRL' },
  'ci-runner-7f3a': { id: 'nRunner7f31CNTRL', isEphemeral: true },
  'ci-runner-19c2': { id: 'nRunner19c1CNTRL', isEphemeral: true },
} as const satisfies Record<string, { id: string; isEphemeral?: boolean }>;

export function device(name: keyof typeof devices, property?: string): object {
  return {
    ...devices[name],
    name: `${name}.yak-bebop.ts.net`,
    type: 'NODE',
    ...(property !== undefined && { property }),
  };
}

/** Things that only one or two records name. */
export const things = {
  adminConsole: { id: 'example.com', name: 'example.com', type: 'ADMIN_CONSOLE' },
  accessToken: { id: 'kToken8sV11CNTRL', name: 'OAuth access token', type: 'OAUTH_ACCESS_TOKEN' },
  authKey: { id: 'kAuth3nR411CNTRL', name: 'Auth key', type: 'API_KEY' },
  apiKey: { id: 'kApi6tLq211CNTRL', name: 'API key', type: 'API_KEY' },
  webhook: { id: 'wh5Kx2dP11CNTRL', name: 'Slack', type: 'WEBHOOK_ENDPOINT' },
  sreGroup: { id: 'group:sre', name: 'group:sre', type: 'GROUP', property: 'ATTRIBUTES' },
  invite: { id: 'iMarg4fZ11CNTRL', name: 'margaret@example.com', type: 'INVITE', property: 'TAILNET_INVITE' },
  share: { id: 'shQ7y2bN11CNTRL', name: 'old-jumphost.yak-bebop.ts.net', type: 'SHARE' },
  failedRequest: { id: 'example.com', name: 'example.com', type: 'FAILED_REQUEST' },
} as const;

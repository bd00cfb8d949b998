/** Region and account of everything the gateway names, where nothing else is asked for. */
export const LOCAL_REGION = 'eu-central-1';
export const LOCAL_ACCOUNT = '000000000000';

/** What any AWS SDK client needs besides the endpoint. The gateway checks no signature, but the SDK will not send without one. */
export const LOCAL_CLIENT = {
  region: LOCAL_REGION,
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
} as const;

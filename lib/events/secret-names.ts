/** Endings of property names whose value is a secret, in lower case without separators: `s3SecretAccessKey`, `client_secret`, `X-Api-Key`. */
const ENDINGS = [
  'secret',
  'token',
  'password',
  'passwd',
  'passphrase',
  'apikey',
  'authkey',
  'privatekey',
  'secretkey',
  'secretaccesskey',
  'sharedkey',
  'signingkey',
  'encryptionkey',
  'integrationkey',
  'licensekey',
  'authorization',
  'credential',
  'cookie',
  'jwt',
] as const;

/** Characters. A longer name is a text, not a name. */
const MAX_NAME = 80;

/** Text that could hold such a name; cheap, and asked before anything is searched for. */
export const MAY_NAME_A_SECRET = /secret|token|passw|passphrase|key|authorization|credential|cookie|jwt/i;

/** Whether a property of this name holds a secret. Names of ids (`tokenId`, `accessKeyId`) end otherwise and are left alone, and so are a policy's aliases (`group:token`). */
export function isSecretName(name: string): boolean {
  if (name.length > MAX_NAME || !MAY_NAME_A_SECRET.test(name) || !/^[\w. -]+$/.test(name)) return false;
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return ENDINGS.some((ending) => plain.endsWith(ending) || plain.endsWith(`${ending}s`));
}

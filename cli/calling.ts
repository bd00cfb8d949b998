import { CliError } from './cli';

/** One kind of call to AWS, for error messages. */
export interface Call {
  /** The resource: `the table "x"`. */
  readonly resource: string;
  /** The IAM actions that it needs. */
  readonly action: string;
  /** Name of the error for a missing resource. */
  readonly missing: string;
}

interface Client {
  readonly config: { readonly region: () => Promise<string> };
}

/** Error names with which AWS services reject the credentials. */
const REJECTED: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
]);

/** @throws CliError: one line that says what to do. */
export async function calling<Answer>({ config }: Client, call: Call, make: () => Promise<Answer>): Promise<Answer> {
  const region = await config.region().catch((error: unknown) => {
    throw new CliError('no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile with a region', 1, {
      cause: error,
    });
  });
  try {
    return await make();
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(explain(error, call, region), 1, { cause: error });
  }
}

function explain(error: unknown, { resource, action, missing }: Call, region: string): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === missing)
    return `${resource} does not exist in ${region} for these credentials; check AWS_REGION, AWS_PROFILE and the name`;
  if (name === 'CredentialsProviderError')
    return 'no AWS credentials were found: run "aws sso login", or set AWS_PROFILE';
  if (REJECTED.has(name)) return `AWS rejected the credentials (${name}); log in again`;
  if (name.startsWith('AccessDenied')) return `access to ${resource} is denied: the credentials need ${action}`;
  return `the call to ${resource} failed: ${name}: ${message}`;
}

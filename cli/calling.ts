import { CliError } from './cli';

/** One call to AWS, in the operator's words. */
interface Call {
  /** `the table "x"`. */
  readonly what: string;
  /** What IAM must allow. */
  readonly action: string;
  /** The error that says that it is not there. */
  readonly missing: string;
}

/** A client as far as it knows where it is going. */
interface Client {
  readonly config: { readonly region: () => Promise<string> };
}

/** Codes with which AWS's services say that they do not know the caller. */
const NOT_ACCEPTED: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
]);

/**
 * Makes the call.
 *
 * @throws CliError: one line that says what to do.
 */
export async function calling<Answer>({ config }: Client, call: Call, make: () => Promise<Answer>): Promise<Answer> {
  const region = await config.region().catch((error: unknown) => {
    throw new CliError('no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile that has one', 1, {
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

function explain(error: unknown, { what, action, missing }: Call, region: string): string {
  if (!(error instanceof Error)) return `${what} could not be used`;
  const { name, message } = error;
  if (name === missing)
    return `${what} does not exist in ${region} for these credentials; check AWS_REGION, AWS_PROFILE and the name`;
  if (name === 'CredentialsProviderError')
    return 'no AWS credentials were found: run "aws sso login", or set AWS_PROFILE';
  if (NOT_ACCEPTED.has(name)) return `AWS did not accept the credentials (${name}); log in again`;
  if (name.startsWith('AccessDenied')) return `${what} may not be used with these credentials: they need ${action}`;
  return `${what} could not be used: ${name}: ${message}`;
}

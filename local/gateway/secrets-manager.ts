import { randomInt, randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { Clock } from '../../lib/domain/deadline';
import { parseWith } from '../../lib/contract/parse';
import { arnOf } from './place';
import type { AwsPlace } from './place';
import { AwsError } from './protocol';
import type { Operations } from './protocol';

/** The secrets, seen from inside the process. */
export interface Secrets {
  /** @param value undefined: the secret is there and has no value yet. @returns the ARN. @throws AwsError ResourceExistsException */
  create(name: string, value: string | undefined): string;
  /** Puts a new value. @returns its version id. @throws AwsError ResourceNotFoundException */
  put(name: string, value: string): string;
}

interface Version {
  readonly id: string;
  readonly value: string;
  /** Milliseconds. */
  readonly createdAt: number;
}

interface Secret {
  readonly name: string;
  readonly arn: string;
  /** Milliseconds. */
  readonly createdAt: number;
  /** Oldest first: the last is AWSCURRENT, the one before it AWSPREVIOUS. */
  readonly versions: Version[];
}

const text = z.nullish(z.string());
const createInput = z.object({ Name: z.string(), SecretString: text, ClientRequestToken: text });
const getInput = z.object({ SecretId: z.string(), VersionId: text, VersionStage: text });
const putInput = z.object({ SecretId: z.string(), SecretString: z.string(), ClientRequestToken: text });
const describeInput = z.object({ SecretId: z.string() });

/** A Secrets Manager server in memory. It keeps strings, and all versions of them. */
export function createSecretsManager(
  place: AwsPlace,
  clock: Clock,
): { readonly operations: Operations; readonly secrets: Secrets } {
  const store = new Map<string, Secret>();

  const get = (id: string) => {
    const secret = store.get(id) ?? [...store.values()].find(({ arn }) => arn === id);
    if (secret === undefined) throw notFound("Secrets Manager can't find the specified secret.");
    return secret;
  };
  const create = (name: string) => {
    if (!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(name))
      throw new AwsError(
        'ValidationException',
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
      );
    if (store.has(name))
      throw new AwsError('ResourceExistsException', `The operation failed because the secret ${name} already exists.`);
    const secret: Secret = {
      name,
      arn: arnOf(place, 'secretsmanager', `secret:${name}-${arnSuffix()}`),
      createdAt: clock.now(),
      versions: [],
    };
    store.set(name, secret);
    return secret;
  };
  /** The token becomes the version's id, so a repeated request changes nothing. */
  const put = (secret: Secret, value: string, token: string = randomUUID()) => {
    const known = secret.versions.find(({ id }) => id === token);
    if (known !== undefined && known.value !== value)
      throw new AwsError('ResourceExistsException', `A resource with the ID ${token} already exists.`);
    if (known === undefined) secret.versions.push({ id: token, value, createdAt: clock.now() });
    return token;
  };

  const operations: Operations = {
    CreateSecret: (input) => {
      const { Name, SecretString, ClientRequestToken } = parseWith(createInput, input, 'CreateSecret');
      const secret = create(Name);
      if (typeof SecretString !== 'string') return { ARN: secret.arn, Name };
      return { ARN: secret.arn, Name, VersionId: put(secret, SecretString, ClientRequestToken ?? undefined) };
    },
    GetSecretValue: (input) => {
      const { SecretId, VersionId, VersionStage } = parseWith(getInput, input, 'GetSecretValue');
      const secret = get(SecretId);
      const version = findVersion(secret, VersionId, VersionStage);
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: version.id,
        SecretString: version.value,
        VersionStages: stagesOf(secret, version),
        CreatedDate: version.createdAt / 1000,
      };
    },
    PutSecretValue: (input) => {
      const { SecretId, SecretString, ClientRequestToken } = parseWith(putInput, input, 'PutSecretValue');
      const secret = get(SecretId);
      const id = put(secret, SecretString, ClientRequestToken ?? undefined);
      return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: ['AWSCURRENT'] };
    },
    DescribeSecret: (input) => {
      const secret = get(parseWith(describeInput, input, 'DescribeSecret').SecretId);
      return {
        ARN: secret.arn,
        Name: secret.name,
        CreatedDate: secret.createdAt / 1000,
        LastChangedDate: (secret.versions.at(-1)?.createdAt ?? secret.createdAt) / 1000,
        VersionIdsToStages: Object.fromEntries(
          secret.versions.slice(-2).map((version) => [version.id, stagesOf(secret, version)]),
        ),
      };
    },
  };

  const secrets: Secrets = {
    create: (name, value) => {
      const secret = create(name);
      if (value !== undefined) put(secret, value);
      return secret.arn;
    },
    put: (name, value) => put(get(name), value),
  };
  return { operations, secrets };
}

function findVersion(secret: Secret, id: string | null | undefined, stage: string | null | undefined): Version {
  const wanted = stage ?? (id ? undefined : 'AWSCURRENT');
  const version = secret.versions.find(
    (candidate) =>
      (!id || candidate.id === id) && (wanted === undefined || stagesOf(secret, candidate).includes(wanted)),
  );
  if (version !== undefined) return version;
  const by = wanted === undefined ? `VersionId: ${id ?? ''}` : `staging label: ${wanted}`;
  throw notFound(`Secrets Manager can't find the specified secret value for ${by}`);
}

function stagesOf(secret: Secret, version: Version): string[] {
  if (version === secret.versions.at(-1)) return ['AWSCURRENT'];
  return version === secret.versions.at(-2) ? ['AWSPREVIOUS'] : [];
}

function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message);
}

/** Secrets Manager ends every ARN with a hyphen and six random characters. */
function arnSuffix(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from({ length: 6 }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
}

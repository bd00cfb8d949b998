import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { Clock } from '../../lib/domain/deadline';
import { parseWith } from '../../lib/contract/parse';
import { arnOf } from './place';
import type { AwsPlace } from './place';
import { AwsError } from './protocol';
import type { Operations } from './protocol';

/** The secrets, seen from inside the process. */
export interface Secrets {
  /** @param value undefined: the secret exists and has no value yet. */
  create(name: string, value: string | undefined): void;
  /** Puts a new value under a new version id. @throws AwsError ResourceNotFoundException */
  put(name: string, value: string): void;
}

interface Secret {
  readonly arn: string;
  /** undefined: it has no value yet. `createdAt` in milliseconds. */
  readonly current: { readonly id: string; readonly value: string; readonly createdAt: number } | undefined;
}

const getInput = z.object({ SecretId: z.string() });

/** A Secrets Manager server in memory: the current string of each secret. */
export function createSecretsManager(
  place: AwsPlace,
  clock: Clock,
): { readonly operations: Operations; readonly secrets: Secrets } {
  const store = new Map<string, Secret>();
  const get = (nameOrArn: string): [name: string, secret: Secret] => {
    const found = [...store].find(([name, { arn }]) => name === nameOrArn || arn === nameOrArn);
    if (found === undefined) throw notFound("Secrets Manager can't find the specified secret.");
    return found;
  };
  const versionOf = (value: string) => ({ id: randomUUID(), value, createdAt: clock.now() });

  return {
    operations: {
      GetSecretValue: (input) => {
        const [name, { arn, current }] = get(parseWith(getInput, input, 'GetSecretValue').SecretId);
        if (current === undefined)
          throw notFound("Secrets Manager can't find the specified secret value for staging label: AWSCURRENT");
        return {
          ARN: arn,
          Name: name,
          VersionId: current.id,
          SecretString: current.value,
          VersionStages: ['AWSCURRENT'],
          CreatedDate: current.createdAt / 1000,
        };
      },
    },
    secrets: {
      create: (name, value) => {
        // Secrets Manager ends every ARN with a hyphen and six random characters.
        const arn = arnOf(place, 'secretsmanager', `secret:${name}-${randomUUID().slice(0, 6)}`);
        store.set(name, { arn, current: value === undefined ? undefined : versionOf(value) });
      },
      put: (nameOrArn, value) => {
        const [name, secret] = get(nameOrArn);
        store.set(name, { ...secret, current: versionOf(value) });
      },
    },
  };
}

function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message);
}

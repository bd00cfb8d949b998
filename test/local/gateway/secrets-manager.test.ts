import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { startGateway } from '../../../local/gateway/server';
import type { Gateway } from '../../../local/gateway/server';

const NOW = Date.parse('2026-11-22T08:00:00Z');

let gateway: Gateway;
let client: SecretsManagerClient;
beforeEach(async () => {
  gateway = await startGateway({ clock: { now: () => NOW } });
  client = new SecretsManagerClient({ ...LOCAL_CLIENT, endpoint: gateway.url });
});
afterEach(() => gateway.close());

it('gives the value by name and by ARN', async () => {
  const arn = gateway.secrets.create('tailscale/prod', '{"apiKey":"k"}');
  expect(arn).toMatch(/^arn:aws:secretsmanager:eu-central-1:000000000000:secret:tailscale\/prod-[A-Za-z0-9]{6}$/);
  for (const SecretId of ['tailscale/prod', arn]) {
    await expect(client.send(new GetSecretValueCommand({ SecretId }))).resolves.toMatchObject({
      ARN: arn,
      Name: 'tailscale/prod',
      SecretString: '{"apiKey":"k"}',
      VersionStages: ['AWSCURRENT'],
      CreatedDate: new Date(NOW),
    });
  }
});

it('says that a secret without a value has none', async () => {
  gateway.secrets.create('empty', undefined);
  await expect(client.send(new GetSecretValueCommand({ SecretId: 'empty' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
  });
  await expect(client.send(new DescribeSecretCommand({ SecretId: 'empty' }))).resolves.toMatchObject({
    Name: 'empty',
    VersionIdsToStages: {},
  });
});

it('says that an unknown secret is unknown', async () => {
  const unknown = { name: 'ResourceNotFoundException', message: "Secrets Manager can't find the specified secret." };
  await expect(client.send(new GetSecretValueCommand({ SecretId: 'nowhere' }))).rejects.toMatchObject(unknown);
  await expect(
    client.send(new PutSecretValueCommand({ SecretId: 'nowhere', SecretString: 'v' })),
  ).rejects.toMatchObject(unknown);
  await expect(client.send(new DescribeSecretCommand({ SecretId: 'nowhere' }))).rejects.toMatchObject(unknown);
});

it('gives a put value a new version and keeps the one before it', async () => {
  const { VersionId: old } = await client.send(new CreateSecretCommand({ Name: 'rotated', SecretString: 'old' }));
  const { VersionId: current, VersionStages: stages } = await client.send(
    new PutSecretValueCommand({ SecretId: 'rotated', SecretString: 'new' }),
  );
  expect(stages).toEqual(['AWSCURRENT']);
  expect(current).not.toBe(old);

  const read = async (by: { VersionId?: string | undefined; VersionStage?: string }) => {
    const { SecretString: value, VersionId: version } = await client.send(
      new GetSecretValueCommand({ SecretId: 'rotated', ...by }),
    );
    return { value, version };
  };
  await expect(read({})).resolves.toEqual({ value: 'new', version: current });
  await expect(read({ VersionStage: 'AWSPREVIOUS' })).resolves.toEqual({ value: 'old', version: old });
  await expect(read({ VersionId: old })).resolves.toEqual({ value: 'old', version: old });
  await expect(read({ VersionId: 'none-of-that-id' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  await expect(client.send(new DescribeSecretCommand({ SecretId: 'rotated' }))).resolves.toMatchObject({
    VersionIdsToStages: { [String(current)]: ['AWSCURRENT'], [String(old)]: ['AWSPREVIOUS'] },
  });
});

it('changes nothing when the same put comes twice, and refuses another value under its token', async () => {
  gateway.secrets.create('retried', 'old');
  const put = (SecretString: string) =>
    client.send(
      new PutSecretValueCommand({
        SecretId: 'retried',
        SecretString,
        ClientRequestToken: 'a-token-of-thirty-two-characters',
      }),
    );
  const first = await put('new');
  await expect(put('new')).resolves.toMatchObject({ VersionId: first.VersionId });
  await expect(put('other')).rejects.toMatchObject({ name: 'ResourceExistsException' });
  const { VersionIdsToStages: versions } = await client.send(new DescribeSecretCommand({ SecretId: 'retried' }));
  expect(Object.keys(versions ?? {})).toHaveLength(2);
});

it('refuses a name that is taken', async () => {
  gateway.secrets.create('taken', undefined);
  await expect(client.send(new CreateSecretCommand({ Name: 'taken' }))).rejects.toMatchObject({
    name: 'ResourceExistsException',
  });
});

it('takes a value from inside the process', async () => {
  gateway.secrets.create('inside', undefined);
  const version = gateway.secrets.put('inside', 'value');
  await expect(client.send(new GetSecretValueCommand({ SecretId: 'inside' }))).resolves.toMatchObject({
    SecretString: 'value',
    VersionId: version,
  });
});

import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { startGateway } from '../../../local/gateway/server';
import type { Gateway } from '../../../local/gateway/server';

const NOW = Date.parse('2026-11-22T08:00:00Z');

let gateway: Gateway;
let client: SecretsManagerClient;
beforeAll(async () => {
  gateway = await startGateway({ clock: { now: () => NOW } });
  client = new SecretsManagerClient({ ...LOCAL_CLIENT, endpoint: gateway.url });
});
afterAll(() => gateway.close());

const read = (SecretId: string) => client.send(new GetSecretValueCommand({ SecretId }));

it('returns the value by name and by ARN', async () => {
  gateway.secrets.create('tailscale/prod', '{"apiKey":"k"}');
  const { ARN: arn = '' } = await read('tailscale/prod');
  expect(arn).toMatch(/^arn:aws:secretsmanager:eu-central-1:000000000000:secret:tailscale\/prod-[A-Za-z0-9]{6}$/);
  await expect(read(arn)).resolves.toMatchObject({
    Name: 'tailscale/prod',
    SecretString: '{"apiKey":"k"}',
    VersionStages: ['AWSCURRENT'],
    CreatedDate: new Date(NOW),
  });
});

it('returns a new value under a new version id', async () => {
  gateway.secrets.create('rotated', 'old');
  const before = await read('rotated');
  gateway.secrets.put('rotated', 'new');
  const after = await read('rotated');
  expect([before.SecretString, after.SecretString]).toEqual(['old', 'new']);
  expect(after.VersionId).not.toBe(before.VersionId);
});

it.each([
  ['without a value', 'empty', "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"],
  ['that does not exist', 'nowhere', "Secrets Manager can't find the specified secret."],
])('refuses a secret %s', async (_, name, message) => {
  if (name === 'empty') gateway.secrets.create(name, undefined);
  await expect(read(name)).rejects.toMatchObject({ name: 'ResourceNotFoundException', message });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ConnectorError } from '../../../lib/domain/errors';
import { createCredentialStore } from '../../../lib/secrets-manager/credential-store';

const PLENTY = { remaining: () => 240_000, untilNear: () => 230_000, isNear: () => false, isOver: () => false };

type Answer = { readonly status?: number; readonly body: unknown } | 'nothing';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** Secrets Manager's wire form: JSON 1.1, the operation in a header, errors as `__type`. */
async function setUp(answer: () => Answer, options: { callMs?: number } = {}) {
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      asked.push([request.headers['x-amz-target'], JSON.parse(body)]);
      const given = answer();
      if (given === 'nothing') return;
      response.writeHead(given.status ?? 200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(typeof given.body === 'string' ? given.body : JSON.stringify(given.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new SecretsManagerClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
    maxAttempts: 1,
  });
  closing.push(() => {
    client.destroy();
    server.closeAllConnections();
    return new Promise((resolve) =>
      server.close(() => {
        resolve();
      }),
    );
  });
  let now = 0;
  const store = createCredentialStore({ client, clock: { now: () => now }, ...options });
  return { asked, store, advance: (ms: number) => (now += ms) };
}

const value = (text: string, version = 'v1'): Answer => ({
  body: { ARN: 'arn', Name: 'n', VersionId: version, SecretString: text },
});
const fault = (type: string, status = 400, message = 'x'): Answer => ({ status, body: { __type: type, message } });

async function failureOf(promise: Promise<unknown>): Promise<ConnectorError> {
  const error: unknown = await promise.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof ConnectorError) return error;
  throw error;
}

describe('the credential store', () => {
  it('reads a secret by its id', async () => {
    const { asked, store } = await setUp(() => value('{"apiKey":"tskey-api-1"}', 'version-1'));
    const { credential, version } = await store.get('tailscale/main', PLENTY);
    expect(credential.kind === 'api-key' && credential.apiKey.reveal()).toBe('tskey-api-1');
    expect(version).toBe('version-1');
    expect(asked).toEqual([['secretsmanager.GetSecretValue', { SecretId: 'tailscale/main' }]]);
  });

  it('reads a binary secret', async () => {
    const { store } = await setUp(() => ({
      body: { VersionId: 'v1', SecretBinary: Buffer.from('\uFEFF{"apiKey":"tskey-api-1"}\n').toString('base64') },
    }));
    const { credential } = await store.get('a', PLENTY);
    expect(credential.kind === 'api-key' && credential.apiKey.reveal()).toBe('tskey-api-1');
  });

  it('refuses binary data that is no text', async () => {
    const { store } = await setUp(() => ({
      body: { VersionId: 'v1', SecretBinary: Buffer.from([0xff, 0xfe, 0x00]).toString('base64') },
    }));
    expect(await failureOf(store.get('a', PLENTY))).toMatchObject({ code: 'SECRET_INVALID' });
  });

  it('keeps each secret, so that the next invocation asks nothing', async () => {
    const { asked, store } = await setUp(() => value('{"apiKey":"tskey-api-1"}'));
    expect(await store.get('a', PLENTY)).toBe(await store.get('a', PLENTY));
    await store.get('b', PLENTY);
    expect(asked).toHaveLength(2);
  });

  it('reads past what it kept when it is told to, and keeps what it then reads', async () => {
    let version = 1;
    const { asked, store } = await setUp(() => value(`{"apiKey":"tskey-api-${version}"}`, `v${version}`));
    await store.get('a', PLENTY);
    version = 2;
    expect((await store.refetch('a', PLENTY)).version).toBe('v2');
    expect((await store.get('a', PLENTY)).version).toBe('v2');
    expect(asked).toHaveLength(2);
  });

  it('takes up a new value within an hour, even while the old one still works', async () => {
    let version = 1;
    const { store, advance } = await setUp(() => value('{"apiKey":"tskey-api-1"}', `v${version}`));
    await store.get('a', PLENTY);
    version = 2;
    advance(3_600_000 - 1);
    expect((await store.get('a', PLENTY)).version).toBe('v1');
    advance(1);
    expect((await store.get('a', PLENTY)).version).toBe('v2');
  });

  it('keeps no failure: a corrected secret works at the next call', async () => {
    let text = 'not json';
    const { store } = await setUp(() => value(text));
    expect(await failureOf(store.get('a', PLENTY))).toMatchObject({ code: 'SECRET_INVALID' });
    text = '{"apiKey":"tskey-api-1"}';
    expect((await store.get('a', PLENTY)).credential.kind).toBe('api-key');
  });

  it('does not go on with a value that it failed to read again', async () => {
    let answer = value('{"apiKey":"tskey-api-1"}');
    const { store } = await setUp(() => answer);
    await store.get('a', PLENTY);
    answer = fault('AccessDeniedException');
    await failureOf(store.refetch('a', PLENTY));
    expect(await failureOf(store.get('a', PLENTY))).toMatchObject({ code: 'SECRET_UNAVAILABLE' });
  });

  it.each([
    ['has no value', "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"],
    ['is not there', "Secrets Manager can't find the specified secret."],
  ])('says how to give a value to a secret that %s [case 46]', async (_, message) => {
    const { store } = await setUp(() => fault('ResourceNotFoundException', 400, message));
    const failure = await failureOf(store.get('tailscale/main', PLENTY));
    expect(failure.code).toBe('SECRET_EMPTY');
    expect(failure.message).toContain(
      `aws secretsmanager put-secret-value --secret-id tailscale/main --secret-string '{"apiKey":"tskey-api-..."}'`,
    );
  });

  it('takes an answer with neither text nor bytes for a secret without a value', async () => {
    const { store } = await setUp(() => ({ body: { VersionId: 'v1' } }));
    expect(await failureOf(store.get('a', PLENTY))).toMatchObject({ code: 'SECRET_EMPTY' });
  });

  it.each([
    ['AccessDeniedException', 400, /AccessDeniedException.*grant .*secretsmanager:GetSecretValue.*kms:Decrypt/],
    ['DecryptionFailure', 400, /DecryptionFailure.*grant .*kms:Decrypt.*enabled/],
    ['InvalidRequestException', 400, /marked for deletion.*restore-secret --secret-id tailscale\/main/],
    ['InvalidParameterException', 400, /check the secret name or ARN/],
    ['ThrottlingException', 400, /busy; the next run tries again/],
    ['InternalServiceError', 500, /busy; the next run tries again/],
    ['ExpiredTokenException', 400, /credentials of the function itself/],
    ['SomethingNew', 400, /SomethingNew.*reached from the function/],
  ])('names, of %s, what to do', async (type, status, expected) => {
    const { store } = await setUp(() => fault(type, status));
    const failure = await failureOf(store.get('tailscale/main', PLENTY));
    expect(failure.code).toBe('SECRET_UNAVAILABLE');
    expect(failure.message).toMatch(expected);
  });

  it('gives up on a service that does not answer', async () => {
    const { store } = await setUp(() => 'nothing', { callMs: 40 });
    const failure = await failureOf(store.get('a', PLENTY));
    expect(failure.code).toBe('SECRET_UNAVAILABLE');
    expect(failure.message).toContain('reached from the function');
  });

  it('gives up on it when the time of the run ends first, and asks nothing once it has ended', async () => {
    const { asked, store } = await setUp(() => 'nothing', { callMs: 5_000 });
    const failure = await failureOf(store.get('a', { ...PLENTY, untilNear: () => 40 }));
    expect(failure.code).toBe('OUT_OF_TIME');
    expect(await failureOf(store.refetch('a', { ...PLENTY, untilNear: () => 0 }))).toMatchObject({
      code: 'OUT_OF_TIME',
    });
    expect(asked).toHaveLength(1);
  });

  it('says so when nothing answers at all', async () => {
    const client = new SecretsManagerClient({
      endpoint: 'http://127.0.0.1:9',
      region: 'eu-central-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    });
    const store = createCredentialStore({ client, clock: { now: () => 0 } });
    expect(await failureOf(store.get('a', PLENTY))).toMatchObject({ code: 'SECRET_UNAVAILABLE' });
    client.destroy();
  });

  it.each<[string, Answer]>([
    ['an unreadable answer', { body: '{"SecretString":"{\\"apiKey\\":\\"tskey-api-CANARY\\"}"' }],
    ['a fault that quotes it', fault('SomethingNew', 400, 'tskey-api-CANARY')],
    ['a value of the wrong kind', value('{"apiKey":"tskey-client-CANARY"}')],
    ['a value that is not JSON', value('tskey-api-CANARY')],
  ])('never shows the secret after %s', async (_, answer) => {
    const { store } = await setUp(() => answer);
    const failure = await failureOf(store.get('a', PLENTY));
    expect(
      `${failure.message} ${failure.stack ?? ''} ${JSON.stringify(failure)} ${inspect(failure, { showHidden: true, depth: 10 })}`,
    ).not.toContain('CANARY');
  });

  it('never shows the secret that it holds', async () => {
    const { store } = await setUp(() => value('{"apiKey":"tskey-api-CANARY"}'));
    const held = await store.get('a', PLENTY);
    expect(
      `${JSON.stringify(held)} ${inspect(held, { showHidden: true, depth: 10 })} ${inspect(store, { showHidden: true, depth: 10 })}`,
    ).not.toContain('CANARY');
  });
});

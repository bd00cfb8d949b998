import { inspect } from 'node:util';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createCredentialStore } from '../../../lib/secrets-manager/credential-store';
import { LOCAL_CLIENT } from '../../../local/gateway/local-client';
import { start } from '../tailscale/scripted-server';
import { before, failureOf, PLENTY } from '../tailscale/setting';

type Answer = { readonly status?: number; readonly body: unknown } | 'nothing';

const clients: SecretsManagerClient[] = [];
afterEach(() => {
  clients.splice(0).forEach((client) => {
    client.destroy();
  });
});
const createClient = (endpoint: string) => {
  const client = new SecretsManagerClient({ ...LOCAL_CLIENT, endpoint, maxAttempts: 1 });
  clients.push(client);
  return client;
};

/** Secrets Manager's wire form: JSON 1.1, the operation in a header, errors as `__type`. */
async function setUp(answer: () => Answer, options: { callMs?: number } = {}) {
  const server = await start((response) => {
    const given = answer();
    if (given === 'nothing') return;
    response.writeHead(given.status ?? 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(typeof given.body === 'string' ? given.body : JSON.stringify(given.body));
  });
  let now = 0;
  const store = createCredentialStore({ client: createClient(server.origin), clock: { now: () => now }, ...options });
  return { requests: server.requests, store, advance: (ms: number) => (now += ms) };
}

const value = (text: string, version = 'v1'): Answer => ({
  body: { ARN: 'arn', Name: 'n', VersionId: version, SecretString: text },
});
const fault = (type: string, status = 400, message = 'x'): Answer => ({ status, body: { __type: type, message } });

/** A thrown or stored value, printed in every way. */
const printed = (value: unknown) =>
  `${String(value)} ${value instanceof Error ? value.stack : ''} ${JSON.stringify(value)} ${inspect(value, { showHidden: true, depth: 10 })}`;

describe('the credential store', () => {
  it('reads a secret by its id', async () => {
    const { requests, store } = await setUp(() => value('{"apiKey":"tskey-api-1"}', 'version-1'));
    const { credential, version } = await store.get('tailscale/main', PLENTY);
    expect(credential.kind === 'api-key' && credential.apiKey.reveal()).toBe('tskey-api-1');
    expect(version).toBe('version-1');
    expect(requests.map(({ headers, body }) => [headers['x-amz-target'], body])).toEqual([
      ['secretsmanager.GetSecretValue', '{"SecretId":"tailscale/main"}'],
    ]);
  });

  const binary = (bytes: string | Uint8Array): Answer => ({
    body: { VersionId: 'v1', SecretBinary: Buffer.from(bytes as string).toString('base64') },
  });

  it('reads a binary secret', async () => {
    const { store } = await setUp(() => binary('\uFEFF{"apiKey":"tskey-api-1"}\n'));
    const { credential } = await store.get('a', PLENTY);
    expect(credential.kind === 'api-key' && credential.apiKey.reveal()).toBe('tskey-api-1');
  });

  it.each([
    ['binary data that is not text', binary(Buffer.from([0xff, 0xfe, 0x00])), 'SECRET_INVALID'],
    ['an answer without a value', { body: { VersionId: 'v1' } }, 'SECRET_EMPTY'],
  ])('refuses %s', async (_, answer, code) => {
    const { store } = await setUp(() => answer);
    expect(await failureOf(store.get('a', PLENTY))).toMatchObject({ code });
  });

  it('keeps each secret for the next invocation', async () => {
    const { requests, store } = await setUp(() => value('{"apiKey":"tskey-api-1"}'));
    expect(await store.get('a', PLENTY)).toBe(await store.get('a', PLENTY));
    await store.get('b', PLENTY);
    expect(requests).toHaveLength(2);
  });

  it('refetches a secret, and keeps the new version', async () => {
    let version = 1;
    const { requests, store } = await setUp(() => value(`{"apiKey":"tskey-api-${version}"}`, `v${version}`));
    await store.get('a', PLENTY);
    version = 2;
    expect((await store.refetch('a', PLENTY)).version).toBe('v2');
    expect((await store.get('a', PLENTY)).version).toBe('v2');
    expect(requests).toHaveLength(2);
  });

  it('uses a new value within an hour, even while the old one still works', async () => {
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

  it('forgets a value that it failed to refetch', async () => {
    let answer = value('{"apiKey":"tskey-api-1"}');
    const { store } = await setUp(() => answer);
    await store.get('a', PLENTY);
    answer = fault('AccessDeniedException');
    await failureOf(store.refetch('a', PLENTY));
    expect(await failureOf(store.get('a', PLENTY))).toMatchObject({ code: 'SECRET_UNAVAILABLE' });
  });

  it.each([
    ['has no value', "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"],
    ['is missing', "Secrets Manager can't find the specified secret."],
  ])('says how to give a value to a secret that %s [case 46]', async (_, message) => {
    const { store } = await setUp(() => fault('ResourceNotFoundException', 400, message));
    const failure = await failureOf(store.get('tailscale/main', PLENTY));
    expect(failure.code).toBe('SECRET_EMPTY');
    expect(failure.message).toContain(
      `aws secretsmanager put-secret-value --secret-id tailscale/main --secret-string '{"apiKey":"tskey-api-..."}'`,
    );
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
  ])('says what to do about %s', async (type, status, expected) => {
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

  it('gives up at the end of the run, and sends no request after it', async () => {
    const { requests, store } = await setUp(() => 'nothing', { callMs: 5_000 });
    const failure = await failureOf(
      store.get(
        'a',
        before(() => 40),
      ),
    );
    expect(failure.code).toBe('OUT_OF_TIME');
    expect(
      await failureOf(
        store.refetch(
          'a',
          before(() => 0),
        ),
      ),
    ).toMatchObject({
      code: 'OUT_OF_TIME',
    });
    expect(requests).toHaveLength(1);
  });

  it('reports a service that cannot be reached', async () => {
    const store = createCredentialStore({ client: createClient('http://127.0.0.1:9'), clock: { now: () => 0 } });
    expect(await failureOf(store.get('a', PLENTY))).toMatchObject({ code: 'SECRET_UNAVAILABLE' });
  });

  it.each<[string, Answer]>([
    ['an unreadable answer', { body: '{"SecretString":"{\\"apiKey\\":\\"tskey-api-CANARY\\"}"' }],
    ['a fault that quotes it', fault('SomethingNew', 400, 'tskey-api-CANARY')],
    ['a value of the wrong kind', value('{"apiKey":"tskey-client-CANARY"}')],
    ['a value that is not JSON', value('tskey-api-CANARY')],
  ])('never shows the secret after %s', async (_, answer) => {
    const { store } = await setUp(() => answer);
    expect(printed(await failureOf(store.get('a', PLENTY)))).not.toContain('CANARY');
  });

  it('never shows the secret that it holds', async () => {
    const { store } = await setUp(() => value('{"apiKey":"tskey-api-CANARY"}'));
    const held = await store.get('a', PLENTY);
    expect(printed(held) + printed(store)).not.toContain('CANARY');
  });
});

import { json, readFrom, start, text, type Respond, type ScriptedServer } from './scripted-server';
import { collect, connector, failureOf, setUp } from './setting';

/** One answer for each dialect's endpoint. */
const byDialect =
  (audit: Respond, configuration: Respond): Respond =>
  (response, request) => {
    (request.url.pathname.endsWith('/audit') ? audit : configuration)(response, request);
  };

const auditPage = json(200, { auditLogs: ['audit'] });
const configurationPage = json(200, { logs: ['configuration'] });
const requested = ({ requests }: ScriptedServer) =>
  requests.map(({ url }) => url.pathname.replace('/api/v2/tailnet/example.com/', ''));

describe('the dialect setting auto', () => {
  it('keeps to audit if that answers', async () => {
    const { server, pages } = await readFrom({}, byDialect(auditPage, configurationPage));
    expect(pages).toMatchObject([{ dialect: 'audit', records: ['audit'] }]);
    expect(requested(server)).toEqual(['audit']);
  });

  it.each([400, 403, 404, 405, 410, 501])('requests configuration after a %i from audit', async (status) => {
    const { server, pages } = await readFrom({}, byDialect(json(status, { message: 'no' }), configurationPage));
    expect(pages).toMatchObject([{ dialect: 'configuration', records: ['configuration'] }]);
    expect(requested(server)).toEqual(['audit', 'logging/configuration']);
  });

  it('keeps to the dialect that answered in later walks', async () => {
    const server = await start(byDialect(json(404, {}), configurationPage));
    const log = setUp(server.origin).openAuditLog(connector(), null);
    await collect(log);
    await collect(log);
    expect(requested(server)).toEqual(['audit', 'logging/configuration', 'logging/configuration']);
  });

  it.each([
    [403, 404, 'FORBIDDEN'],
    [404, 403, 'FORBIDDEN'],
    [403, 403, 'FORBIDDEN'],
    [404, 404, 'NOT_FOUND'],
    [400, 404, 'NOT_FOUND'],
    [404, 400, 'UPSTREAM_ERROR'],
  ])('reports, of a %i from audit and a %i from configuration, the %s', async (audit, configuration, code) => {
    const { failure } = await readFrom({}, byDialect(json(audit, {}), json(configuration, {})));
    expect(failure).toMatchObject({ code });
  });

  it('reports an unreadable answer of configuration as such', async () => {
    const { failure } = await readFrom({}, byDialect(json(403, {}), text(200, '<html>')));
    expect(failure).toMatchObject({ code: 'UPSTREAM_INVALID' });
  });

  it.each<[string, Respond, string]>([
    ['an unreadable answer', text(200, '{}'), 'UPSTREAM_INVALID'],
    ['a 429', json(429, {}, { 'retry-after': '600' }), 'RATE_LIMITED'],
  ])('does not request configuration after %s of audit', async (_, audit, code) => {
    const { server, failure } = await readFrom({}, byDialect(audit, configurationPage));
    expect(failure).toMatchObject({ code });
    expect(requested(server)).toEqual(['audit']);
  });

  it('tries again in the next walk when no dialect answered', async () => {
    let isUp = false;
    const server = await start(
      byDialect(json(404, {}), (response, request) => {
        (isUp ? configurationPage : json(404, {}))(response, request);
      }),
    );
    const log = setUp(server.origin).openAuditLog(connector(), null);
    await failureOf(collect(log));
    isUp = true;
    expect(await collect(log)).toMatchObject([{ dialect: 'configuration' }]);
  });

  it('requests only the known dialect', async () => {
    const { server, pages } = await readFrom({}, byDialect(auditPage, configurationPage), { known: 'configuration' });
    expect(pages).toMatchObject([{ dialect: 'configuration' }]);
    expect(requested(server)).toEqual(['logging/configuration']);
  });
});

it.each([
  ['a known dialect', {}, 'audit'],
  ['the dialect of the settings', { dialect: 'audit' }, null],
] as const)('does not change from %s that is refused', async (_, settings, known) => {
  const { server, failure } = await readFrom(settings, byDialect(json(404, {}), configurationPage), { known });
  expect(failure).toMatchObject({ code: 'NOT_FOUND' });
  expect(requested(server)).toEqual(['audit']);
});

it('prefers the dialect of the settings to the known one', async () => {
  const respond = byDialect(auditPage, configurationPage);
  const { server } = await readFrom({ dialect: 'audit' }, respond, { known: 'configuration' });
  expect(requested(server)).toEqual(['audit']);
});

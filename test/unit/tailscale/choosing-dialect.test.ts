import { createServers, json, text } from './scripted-server';
import type { Respond, ScriptedServer } from './scripted-server';
import { collect, connector, failureOf, setUp } from './setting';

const { start, closeAll } = createServers();
afterEach(closeAll);

/** One answer for each dialect's endpoint. */
const serving = (audit: Respond, configuration: Respond) =>
  start((response, request) => {
    (request.url.pathname.endsWith('/audit') ? audit : configuration)(response, request);
  });

const auditPage = json(200, { auditLogs: ['audit'] });
const configurationPage = json(200, { logs: ['configuration'] });
const asked = ({ requests }: ScriptedServer) =>
  requests.map(({ url }) => url.pathname.replace('/api/v2/tailnet/example.com/', ''));

describe('the dialect setting auto', () => {
  it('stays with audit where that answers', async () => {
    const server = await serving(auditPage, configurationPage);
    expect(await setUp(server.origin).read()).toMatchObject([{ dialect: 'audit', records: ['audit'] }]);
    expect(asked(server)).toEqual(['audit']);
  });

  it.each([400, 403, 404, 405, 410, 501])('asks configuration where audit answers %i', async (status) => {
    const server = await serving(json(status, { message: 'no' }), configurationPage);
    expect(await setUp(server.origin).read()).toMatchObject([{ dialect: 'configuration', records: ['configuration'] }]);
    expect(asked(server)).toEqual(['audit', 'logging/configuration']);
  });

  it('asks once, and no more in later walks', async () => {
    const server = await serving(json(404, {}), configurationPage);
    const log = setUp(server.origin).openAuditLog(connector(), null);
    await collect(log);
    await collect(log);
    expect(asked(server)).toEqual(['audit', 'logging/configuration', 'logging/configuration']);
  });

  it.each([
    [403, 404, 'FORBIDDEN'],
    [404, 403, 'FORBIDDEN'],
    [403, 403, 'FORBIDDEN'],
    [404, 404, 'NOT_FOUND'],
    [400, 404, 'NOT_FOUND'],
    [404, 400, 'UPSTREAM_ERROR'],
  ])('reports, of a %i from audit and a %i from configuration, the %s', async (audit, configuration, code) => {
    const server = await serving(json(audit, {}), json(configuration, {}));
    expect(await failureOf(setUp(server.origin).read())).toMatchObject({ code });
  });

  it('does not take a broken answer of configuration for a refusal', async () => {
    const server = await serving(json(403, {}), text(200, '<html>'));
    expect(await failureOf(setUp(server.origin).read())).toMatchObject({ code: 'UPSTREAM_INVALID' });
  });

  it('does not ask configuration after a broken answer of audit', async () => {
    const server = await serving(text(200, '{}'), configurationPage);
    expect(await failureOf(setUp(server.origin).read())).toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(asked(server)).toEqual(['audit']);
  });

  it('asks again in the next walk when nothing answered', async () => {
    let well = false;
    const server = await serving(json(404, {}), (response, request) => {
      (well ? configurationPage : json(404, {}))(response, request);
    });
    const log = setUp(server.origin).openAuditLog(connector(), null);
    await failureOf(collect(log));
    well = true;
    expect(await collect(log)).toMatchObject([{ dialect: 'configuration' }]);
  });

  it('asks only the dialect that is known', async () => {
    const server = await serving(auditPage, configurationPage);
    expect(await setUp(server.origin).read({}, { known: 'configuration' })).toMatchObject([
      { dialect: 'configuration' },
    ]);
    expect(asked(server)).toEqual(['logging/configuration']);
  });

  it('does not change over from a known dialect that is refused', async () => {
    const server = await serving(json(404, {}), configurationPage);
    expect(await failureOf(setUp(server.origin).read({}, { known: 'audit' }))).toMatchObject({ code: 'NOT_FOUND' });
    expect(asked(server)).toEqual(['audit']);
  });
});

describe('a dialect set by hand', () => {
  it('wins over the known one', async () => {
    const server = await serving(auditPage, configurationPage);
    expect(await setUp(server.origin).read({ dialect: 'audit' }, { known: 'configuration' })).toMatchObject([
      { dialect: 'audit' },
    ]);
    expect(asked(server)).toEqual(['audit']);
  });

  it('is the only one asked', async () => {
    const server = await serving(json(404, {}), configurationPage);
    expect(await failureOf(setUp(server.origin).read({ dialect: 'audit' }))).toMatchObject({ code: 'NOT_FOUND' });
    expect(asked(server)).toEqual(['audit']);
  });
});

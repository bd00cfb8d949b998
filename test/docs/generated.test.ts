import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { generatedFiles } from '../../docs/generate';
import { ROOT } from './pages';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

it.each([...generatedFiles()])('%s is what `npm run generate` writes', (path, text) => {
  expect(read(path)).toBe(text);
});

it.each(['examples/events', 'lib/contract/schemas'])('%s has only generated files', (folder) => {
  const files = readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`);
  expect(files.filter((path) => !generatedFiles().has(path))).toEqual([]);
});

it.each(['audit-event', 'policy-diff-event'])('the example %s is valid against its schema alone', (name) => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  addFormats(ajv);
  const validate = ajv.compile(JSON.parse(read(`lib/contract/schemas/${name}.schema.json`)) as object);
  validate((JSON.parse(read(`examples/events/${name}.json`)) as { readonly detail: object }).detail);
  expect(validate.errors).toBeNull();
});

it('docs/actions.md lists the rows of a triple in the order in which they are tried', () => {
  const rows = read('docs/actions.md').split('\n');
  expect(rows).toContain('| `TAILNET.UPDATE.DNS_CONFIG` | | `dns:update` | info | high | DNS configuration changed |');
  const routes = rows.filter((row) => row.startsWith('| `NODE.UPDATE.ALLOWED_IPS`')).map((row) => row.split(' | '));
  expect(routes.map(([, , action]) => action)).toEqual([
    '`routes:approve`',
    '`routes:set_advertised`',
    '`routes:approve`',
    '`routes:remove`',
    '`device:update`',
  ]);
  expect(routes.at(-1)?.slice(1, 5)).toEqual(['otherwise', '`device:update`', 'medium', 'medium']);
});

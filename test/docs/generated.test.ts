import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { generatedFiles } from '../../docs/generate';

const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

it.each([...generatedFiles()])('%s is as `npm run generate` makes it', (path, text) => {
  expect(read(path)).toBe(text);
});

it.each(['examples/events', 'lib/contract/schemas'])('keeps nothing in %s that is no longer made', (folder) => {
  const made = [...generatedFiles().keys()];
  expect(
    readdirSync(join(root, folder))
      .map((name) => `${folder}/${name}`)
      .filter((path) => !made.includes(path)),
  ).toEqual([]);
});

it.each(['audit-event', 'policy-diff-event'])(
  'the example %s is valid by the schema beside it, which stands alone',
  (name) => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
    addFormats(ajv);
    const validate = ajv.compile(JSON.parse(read(`lib/contract/schemas/${name}.schema.json`)) as object);
    const { detail } = JSON.parse(read(`examples/events/${name}.json`)) as { readonly detail: object };
    validate(detail);
    expect(validate.errors ?? []).toEqual([]);
  },
);

describe('docs/actions.md', () => {
  const rows = read('docs/actions.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));

  it('says what an unconditional triple means, and how severe it is', () => {
    expect(rows).toContain(
      '| `TAILNET.UPDATE.DNS_CONFIG` | | `dns:update` | info | high | DNS configuration changed |',
    );
  });

  it('lists the meanings of a conditional triple in the order in which they are tried', () => {
    const acts = rows.filter((row) => row.startsWith('| `NODE.UPDATE.ALLOWED_IPS`')).map((row) => row.split(' | ')[2]);
    expect(acts).toEqual([
      '`routes:approve`',
      '`routes:set_advertised`',
      '`routes:approve`',
      '`routes:remove`',
      '`device:update`',
    ]);
    expect(rows.find((row) => row.startsWith('| `NODE.UPDATE.ALLOWED_IPS` | otherwise'))).toContain(
      '`device:update` | medium | medium',
    );
  });
});

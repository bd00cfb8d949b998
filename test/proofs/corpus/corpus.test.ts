import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkCorpus } from './corpus';
import { CONFIGURATION_RECORD } from '../../unit/events/samples';

it('counts policies, pairs and records, and names what crashes, what does not parse and what the catalog does not know', () => {
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  try {
    cpSync(join(__dirname, '../../fixtures/policies'), folder, { recursive: true });
    mkdirSync(join(folder, 'unreadable.hujson'));
    writeFileSync(join(folder, 'broken.hujson'), '{"acls": [');
    const unknown = { ...CONFIGURATION_RECORD, target: { type: 'TIDE' }, action: 'TURN' };
    writeFileSync(join(folder, 'answer.json'), JSON.stringify({ logs: [CONFIGURATION_RECORD, unknown, 7] }));
    writeFileSync(join(folder, 'lines.ndjson'), `${JSON.stringify(unknown)}\n\nno record\n`);
    expect(checkCorpus(folder)).toEqual({
      policies: 6,
      pairs: 6,
      records: 4,
      changeKinds: new Map([
        ['cosmetic', 1],
        ['mixed', 2],
        ['narrowed', 1],
        ['widened', 2],
      ]),
      crashes: [expect.stringMatching(/^unreadable\.hujson: Error: EISDIR/)],
      unparsed: [
        'answer.json: neither dialect reads this record',
        expect.stringMatching(/^broken\.hujson: line 1 \(side: new\): /),
        'lines.ndjson, line 3: not JSON',
      ],
      unclassified: new Map([['TIDE.TURN', 2]]),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

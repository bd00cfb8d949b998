import { FILE_FINDINGS, PARSE_ERROR } from '../../../../lib/policy/findings/file';
import { acls, testFindings, web } from './examples';

const accept = { src: 'a@example.com', accept: ['tag:web:443'] };
const deny = (...denied: string[]) => ({ src: 'a@example.com', deny: denied });
const tests = (...list: object[]) => ({ tests: list });
const owned = (...tags: string[]) => ({ tagOwners: Object.fromEntries(tags.map((tag) => [tag, []])) });

testFindings([...FILE_FINDINGS, PARSE_ERROR], {
  'TESTS-REMOVED': {
    reported: [['the last test removed', tests(accept), tests()]],
    notReported: [['one of two tests removed', tests(accept, deny('tag:prod:22')), tests(accept)]],
  },
  'TESTS-LOOSENED': {
    reported: [['a denial removed', tests(deny('tag:prod:22', 'tag:prod:80')), tests(deny('tag:prod:80'))]],
    notReported: [
      [
        'the denial moved to another test',
        tests({ ...accept, deny: ['tag:prod:22'] }),
        tests(deny('tag:prod:22'), accept),
      ],
      ['an accept removed', tests({ ...accept, deny: ['tag:prod:22'] }), tests(deny('tag:prod:22'))],
      [
        'the tag removed',
        { ...owned('tag:prod', 'tag:a'), ...tests(deny('tag:prod:22', 'tag:a:22')) },
        { ...owned('tag:a'), ...tests(deny('tag:a:22')) },
      ],
    ],
  },
  'DUP-KEY': {
    reported: [
      ['a group', '{"groups": {}}', '{"groups": {\n"group:a": [],\n"group:a": ["x@example.com"]}}'],
      ['a section in two spellings', '{}', '{"acls": [], "ACLs": []}'],
    ],
    notReported: [['the same key in two sections', '{}', '{"groups": {"x": []}, "hosts": {"x": "10.0.0.1"}}']],
  },
  'PARSE-ERROR': {
    reported: [['a missing bracket', '{"acls": []}', '{"acls": [}']],
    notReported: [['comments and trailing commas', '{"acls": []}', '// x\n{"acls": [],}']],
  },
  'POLICY-EMPTIED': {
    reported: [
      ['an empty object', acls(web), {}],
      ['an empty text', '{"acls": []}', ''],
    ],
    notReported: [['a first write', '', acls(web)]],
  },
  'UNKNOWN-KEY': {
    reported: [['an unknown section', {}, { somethingNew: true }]],
    notReported: [['a known section in another spelling', {}, { RandomizeClientPort: true }]],
  },
});

import fc from 'fast-check';
import MarkdownIt from 'markdown-it';
import { createColors } from 'picocolors';
import { htmlPage } from '../../../cli/diff/html';
import { readLineDiff } from '../../../cli/diff/line-diff';
import { markdownText } from '../../../cli/diff/markdown';
import { terminalText } from '../../../cli/diff/terminal';
import { visible } from '../../../lib/contract/visible';
import { diffPolicy, type PolicyDiffResult } from '../../../lib/policy/policy-diff';

const MARKDOWN_TAGS = 'code details h3 li p pre strong summary table tbody td th thead tr ul'.split(' ');
const PAGE_TAGS = [
  ...'body br code del div h1 h2 h3 head header html ins li main meta p section span strong style'.split(' '),
  ...'table tbody td title tr ul'.split(' '),
];
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Text with a meaning for Markdown and HTML, for a terminal, or for a reader of diffs. */
const MARKUP = '</script> <!-- --> </style> </details> &lt; " \' ` ``` ```` ~~~ | \\| \\'.split(' ');
const MARKDOWN = [
  '<img src=x onerror=alert(1)>',
  '# ',
  '- ',
  '[x](javascript:y)',
  '![x](http://x.test/y)',
  '@everyone',
  'https://x.test',
];
const BLANKS = ['\n', '\r', '\r\n', '\t'];
const CONTROLS = '\u0000 \u0008 \u007f \u202e \u2066 \u200b \ufeff \u2028'.split(' ');
const ESCAPES = ['\u001b[2J', '\u001b]8;;http://x.test\u0007', '\u009b31m', ...CONTROLS];
const HEADERS = [
  '--- a',
  '+++ b',
  '-- a',
  '++ b',
  '@@ -1,1 +1,1 @@',
  '\\ No newline at end of file',
  'diff --git a/x b/x',
  'rename to x',
];
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(...MARKUP, ...MARKDOWN, ...BLANKS),
      fc.constantFrom(...ESCAPES),
      fc.constantFrom(...HEADERS.map((line) => `\n${line}`)),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

/** Policies with such text as comment, name and member: one that parses and two that likely do not. */
const policy = fc
  .tuple(nasty, nasty, nasty)
  .chain(([comment, name, member]) =>
    fc.constantFrom(
      `{\n// ${comment.replaceAll(/[\r\n]/g, ' ')}\n"groups": {${JSON.stringify(`group:admin${name}`)}: [${JSON.stringify(member)}]},\n"hosts": {${JSON.stringify(name)}: "10.0.0.0/8"},\n"acls": [{"action": "accept", "src": [${JSON.stringify(member)}, "*"], "dst": [${JSON.stringify(`${name}:*`)}]}],\n${JSON.stringify(`x${member}`)}: 1}`,
      `{"groups": {${comment}\n}}`,
      `${comment}\n${name}\n${member}`,
    ),
  );
const results = fc.tuple(policy, policy).map(([old, next]) => diffPolicy(old, next));
const holds = (law: (result: PolicyDiffResult) => void) => {
  fc.assert(fc.property(results, law), { numRuns: 60 });
};

const tags = (html: string) => [
  ...new Set([...html.matchAll(/<\/?([a-z][^\s/>]*)/gi)].map(([, name]) => (name ?? '').toLowerCase())),
];
const page = (result: PolicyDiffResult) => htmlPage(result, { old: 'old.hujson', next: '<b>"new".hujson' });

it('prints no text of a policy that controls the terminal', () => {
  holds((result) => {
    expect(terminalText(result, createColors(false))).not.toMatch(UNSEEN);
  });
});

it('prints colours', () => {
  const result = diffPolicy('{}', '{"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]}');
  expect(terminalText(result, createColors(true))).toContain('\u001b[31mHIGH  \u001b[39m');
});

it('prints JSON without control characters that parses to the same result', () => {
  holds((result) => {
    const text = visible(JSON.stringify(result, null, 2));
    expect(text).not.toMatch(UNSEEN);
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(result)));
  });
});

it('escapes the text of a policy in the page', () => {
  holds((result) => {
    const html = page(result);
    expect(PAGE_TAGS).toEqual(expect.arrayContaining(tags(html)));
    expect(html.match(/<[a-z][^>]*\s(?:on\w+|src|href|action|style)\s*=/gi)).toBeNull();
    expect(html).not.toMatch(UNSEEN);
  });
});

it('escapes the text of a policy in the comment', () => {
  const reader = new MarkdownIt({ html: true, linkify: false });
  holds((result) => {
    const html = reader.render(markdownText(result));
    expect(MARKDOWN_TAGS).toEqual(expect.arrayContaining(tags(html)));
    expect(html.match(/<td>/g)?.length ?? 0).toBe(result.findings.length * 5);
    expect(html.match(/<details>/g)?.length ?? 0).toBe(html.match(/<\/details>/g)?.length ?? 0);
    // The fence contains the whole diff: only the closing tags follow it.
    if (result.unified !== '') expect(html).toMatch(/<\/code><\/pre>\n<\/details>\n?$/);
  });
});

it('shows every changed line in the page', () => {
  holds((result) => {
    const shown = readLineDiff(result.unified).file.blocks.flatMap(({ lines }) => lines);
    expect(shown.filter(({ content }) => content.startsWith('+'))).toHaveLength(result.addedLines);
    expect(shown.filter(({ content }) => content.startsWith('-'))).toHaveLength(result.removedLines);
  });
});

it('shows a changed line that looks like a file header', () => {
  const html = page(diffPolicy('{}\n-- secret\n', '{}\n++ secret\n@@ here\n'));
  expect(html.match(/d2h-ins/g)?.length).toBeGreaterThan(0);
  expect(html).toContain('@@ here');
  expect(html.match(/secret/g)?.length).toBeGreaterThanOrEqual(4);
});

it('makes a page that loads no resource and runs no script', () => {
  const html = page(diffPolicy('{}', '{"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]}'));
  expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  expect(html).not.toMatch(/https?:|<script|<link|@import|url\(/i);
  expect(html).toContain('prefers-color-scheme: dark');
  expect(html).toContain('&lt;b&gt;&quot;new&quot;.hujson');
});

it("keeps a comment within GitHub's length and closes its fence", () => {
  const members = (from: number) =>
    Array.from({ length: 400 }, (_, n) => `    "user${from + n}${'x'.repeat(100)}\u202e\`\`\`@example.com",`).join(
      '\n',
    );
  const result = diffPolicy(
    `{"groups": {"group:ops": [\n${members(0)}\n]}}`,
    `{"groups": {"group:ops": [\n${members(10_000)}\n]}}`,
  );
  const text = markdownText(result);
  expect(text.length).toBeLessThan(65_536);
  expect(text).toMatch(/\n````\n\n\d+ more lines do not fit into a comment\.\n\n<\/details>\n$/);
});

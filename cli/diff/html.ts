import { html as renderDiff } from 'diff2html';
import { visibleLine } from '../../lib/contract/visible';
import type { PolicyDiffResult } from '../../lib/policy/policy-diff';
import { readLineDiff } from './line-diff';
import { PAGE_STYLE } from './page-style';
import { affectedTexts, changedSections, cutTexts, findingPlace, MEANING, preExistingText } from './words';

/** Maximum UTF-16 units of a line in which changed words are marked: the time of the search is quadratic in this. */
const MAX_MARKED_LINE = 2_000;

/**
 * The result as one self-contained page without scripts.
 *
 * @param names The names of the two files.
 */
export function htmlPage(result: PolicyDiffResult, names: { readonly old: string; readonly next: string }): string {
  const { changeKind, summary } = result;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>Tailscale policy: ${changeKind}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<header>
<p class="names">${escaped(names.old)} → ${escaped(names.next)}</p>
<h1><span class="kind ${changeKind}">${changeKind}</span>: ${MEANING[changeKind]}</h1>
<p class="summary">${escaped(summary)}</p>
</header>
${[findings(result), changes(result), list('Rules with changed names', affectedTexts(result)), list('Incomplete', cutTexts(result)), lines(result)].filter((part) => part !== '').join('\n')}
</main>
</body>
</html>
`;
}

function findings(result: PolicyDiffResult): string {
  const preExisting = preExistingText(result);
  const items = result.findings.map(
    (finding) => `<li class="finding ${finding.severity}">
<p><span class="severity">${finding.severity}</span> <strong>${escaped(finding.title)}</strong> <span class="id">${finding.id}</span></p>
<p><span class="where">${escaped(findingPlace(finding))}</span> <code>${escaped(finding.evidence)}</code></p>
</li>`,
  );
  return section(
    'Findings',
    [
      items.length === 0
        ? '<p class="quiet">No new findings.</p>'
        : `<ul class="findings">\n${items.join('\n')}\n</ul>`,
      preExisting === '' ? '' : `<p class="quiet">Pre-existing: ${escaped(preExisting)}</p>`,
    ].join('\n'),
  );
}

function changes(result: PolicyDiffResult): string {
  const sections = changedSections(result).map(({ section: name, note, changes: all }) => {
    const items = all.map(
      ({ sign, name: entry, where, what }) =>
        `<li class="${CHANGE[sign]}"><code>${escaped(entry)}</code> <span class="where">${where}</span> <span class="what">${escaped(what)}</span></li>`,
    );
    return `<h3>${escaped(name)}${note === '' ? '' : ` <span class="where">${note}</span>`}</h3>\n<ul class="changes">\n${items.join('\n')}\n</ul>`;
  });
  return sections.length === 0 ? '' : section('Changes', sections.join('\n'));
}

const CHANGE = { '+': 'added', '-': 'removed', '~': 'edited' } as const;

function list(title: string, items: readonly string[]): string {
  return items.length === 0
    ? ''
    : section(title, `<ul>\n${items.map((item) => `<li>${escaped(item)}</li>`).join('\n')}\n</ul>`);
}

/** Both layouts; the width of the window selects one. Each has its own name, because the renderer makes an id of it. */
function lines({ unified, addedLines, removedLines }: PolicyDiffResult): string {
  if (unified === '') return '';
  const { file, notes } = readLineDiff(unified);
  const render = (outputFormat: 'side-by-side' | 'line-by-line'): string =>
    renderDiff([{ ...file, oldName: outputFormat, newName: outputFormat }], {
      outputFormat,
      drawFileList: false,
      matching: 'lines',
      diffStyle: 'word',
      maxLineLengthHighlight: MAX_MARKED_LINE,
      rawTemplates: { 'generic-file-path': '' },
    });
  return section(
    `Lines <span class="added">+${addedLines}</span> <span class="removed">-${removedLines}</span>`,
    [
      `<div class="wide">${render('side-by-side')}</div>`,
      `<div class="narrow">${render('line-by-line')}</div>`,
      ...notes.map((note) => `<p class="quiet">${escaped(note)}</p>`),
    ].join('\n'),
  );
}

function section(title: string, content: string): string {
  return `<section>\n<h2>${title}</h2>\n${content}\n</section>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return visibleLine(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

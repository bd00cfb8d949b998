/** The style of the page, in light and dark. Class names that begin with `d2h` are those of the diff renderer. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2328; --quiet: #59636e; --line: #d1d9e0; --card: #f6f8fa; --red: #b42318; --amber: #8a5a00; --green: #1a7f37; --blue: #0969da; --ins: #e6ffec; --ins-word: #a6f0ba; --del: #ffebe9; --del-word: #ffc1bd; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0d1117; --ink: #e6edf3; --quiet: #9198a1; --line: #30363d; --card: #161b22; --red: #ff7b72; --amber: #e3b341; --green: #56d364; --blue: #79c0ff; --ins: #12261e; --ins-word: #1f6b34; --del: #2d1517; --del-word: #8b2c2b; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1400px; margin: 0 auto; padding: 24px 16px 48px; overflow-wrap: anywhere; }
h1 { font-size: 24px; line-height: 1.3; margin: 4px 0; }
h2 { font-size: 17px; margin: 32px 0 10px; padding-bottom: 6px; border-bottom: 1px solid var(--line); }
h3 { font-size: 14px; margin: 16px 0 4px; }
p { margin: 4px 0; }
ul { margin: 0; padding: 0; list-style: none; }
code, .id, .what { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.names, .where, .quiet, .id { color: var(--quiet); }
.names, .where, .quiet { font-size: 13px; }
.id { white-space: nowrap; }
.kind { text-transform: capitalize; }
.kind.widened, .kind.mixed, .kind.unknown { color: var(--amber); }
.kind.narrowed, .kind.cosmetic, .added { color: var(--green); }
.removed { color: var(--red); }
.findings { display: grid; gap: 8px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); }
.finding { padding: 8px 12px; border: 1px solid var(--line); border-left: 4px solid var(--severity); border-radius: 6px; background: var(--card); }
.finding.high { --severity: var(--red); }
.finding.medium { --severity: var(--amber); }
.finding.info { --severity: var(--quiet); }
.severity { color: var(--severity); font-weight: 600; font-size: 12px; letter-spacing: .04em; text-transform: uppercase; }
.where { margin-right: 4px; }
.changes li { padding: 2px 0 2px 18px; color: inherit; text-indent: -18px; }
.changes li::before { display: inline-block; width: 18px; text-indent: 0; font: 600 13px/1 ui-monospace, Menlo, Consolas, monospace; }
.changes .added::before { content: "+"; color: var(--green); }
.changes .removed::before { content: "-"; color: var(--red); }
.changes .edited::before { content: "~"; color: var(--blue); }
.narrow { display: none; }
@media (max-width: 900px) {
  .wide { display: none; }
  .narrow { display: block; }
}
.d2h-file-header { display: none; }
.d2h-file-wrapper { border: 1px solid var(--line); border-radius: 6px; overflow: hidden; overflow-wrap: normal; }
.d2h-file-diff { overflow-x: auto; }
.d2h-diff-table { width: 100%; border-collapse: collapse; font: 12.5px/20px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; tab-size: 4; }
.d2h-diff-table td { padding: 0; height: 20px; background: var(--paper); }
.d2h-diff-table td.d2h-code-linenumber, .d2h-diff-table td.d2h-code-side-linenumber { padding: 0 8px; color: var(--quiet); text-align: right; white-space: nowrap; user-select: none; }
.d2h-diff-table td.d2h-code-linenumber { position: sticky; left: 0; width: 1px; }
.line-num1, .line-num2 { display: inline-block; min-width: 3ch; }
.line-num2 { margin-left: 6px; }
.d2h-code-line { padding: 0 8px; white-space: nowrap; }
.d2h-code-line-prefix { user-select: none; }
.d2h-code-line-ctn { white-space: pre; }
.d2h-diff-table td.d2h-ins { background: var(--ins); }
.d2h-diff-table td.d2h-del { background: var(--del); }
.d2h-diff-table td.d2h-info { background: var(--card); color: var(--quiet); }
.d2h-diff-table td.d2h-emptyplaceholder { background: var(--card); }
.d2h-diff-table ins { background: var(--ins-word); border-radius: 3px; text-decoration: none; }
.d2h-diff-table del { background: var(--del-word); border-radius: 3px; text-decoration: none; }
/* The two sides are two tables. As rows of one grid they keep level when a long line wraps. */
.d2h-files-diff { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); grid-auto-flow: row dense; }
.d2h-files-diff :is(.d2h-file-side-diff, .d2h-code-wrapper, .d2h-diff-table, .d2h-diff-tbody) { display: contents; }
.d2h-files-diff tr { display: grid; grid-column: 1; grid-template-columns: 52px minmax(0, 1fr); }
.d2h-files-diff .d2h-file-side-diff + .d2h-file-side-diff tr { grid-column: 2; border-left: 1px solid var(--line); }
.d2h-files-diff td { display: block; height: auto; min-height: 20px; }
.d2h-code-side-line { display: grid; grid-template-columns: 2ch minmax(0, 1fr); padding: 0 8px; }
.d2h-info .d2h-code-side-line { display: block; }
.d2h-code-side-line .d2h-code-line-ctn { white-space: pre-wrap; overflow-wrap: anywhere; }
`;

/** A table of Markdown; an empty cell is one space wide. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) =>
    `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |'),
  );
  return `${lines.join('\n')}\n`;
}

export function code(text: string): string {
  return `\`${text}\``;
}

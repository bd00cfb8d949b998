import {
  BODY_CLASSES,
  FORMS,
  NAMES,
  PREFIXES,
  type FormRow,
  type PrefixRow,
  type RedactionKind,
} from '../../../../lib/events/redact/redaction-table';

/** A text of the redaction table, its secret, and the redacted text. */
export interface Planted {
  readonly row: string;
  readonly text: string;
  readonly secret: string;
  readonly expected: string;
}

/** @param example A text with the secret between « and ». */
function planted(row: string, kind: RedactionKind, example: string, text = example.replaceAll(/[«»]/g, '')): Planted {
  const [, secret = ''] = /«([^»]*)»/.exec(example) ?? [];
  return { row, text, secret, expected: example.replace(/«[^»]*»/, `[REDACTED ${kind}]`) };
}

/** A token body of the row's class. */
export function body({ body: characters }: PrefixRow, length: number): string {
  const allowed = Array.from('q7RzX1kP0aB9cD8eF2gH3').filter((character) => BODY_CLASSES[characters].test(character));
  return Array.from({ length }, (_, at) => allowed[(at * 7 + 3) % allowed.length]).join('');
}

export const PLANTED_TOKENS: readonly Planted[] = PREFIXES.flatMap((row) =>
  row.prefixes.map((prefix) =>
    planted(
      `${row.vendor}: ${prefix}`,
      row.kind,
      row.keepsPrefix === true ? `${prefix}«${body(row, row.least)}»` : `«${prefix}${body(row, row.least)}»`,
    ),
  ),
);

export const PLANTED_FORMS = formsOf(FORMS);

/** Forms that are found with other text around them. */
export const PLANTED_ANYWHERE = formsOf(FORMS.filter(({ wholeText }) => wholeText !== true));

function formsOf(rows: readonly FormRow[]): readonly Planted[] {
  return rows.flatMap(({ form, kind, examples, decoded = [] }) => [
    ...examples.map((example) => planted(form, kind, example)),
    ...decoded.map(([text, example]) => planted(form, kind, example, text)),
  ]);
}

/** Every name of the table, in each notation that a text may have. */
export const PLANTED_NAMES: readonly Planted[] = NAMES.flatMap(({ example, queryOnly }) => [
  planted(example, 'url-credentials', `https://example.com/x?a=1&${example}=«hunter2»&b=2`),
  ...(queryOnly === true
    ? []
    : [
        `{"a": 1, "${example}": "«hunter2»"}`,
        `${example}=«hunter2»`,
        `${example}: «Hunter-2»`,
        `<${example}>«hunter2»</${example}>`,
        `{"name": "${example}", "value": "«hunter2»"}`,
        `x;${example}=«a b,c»;y=1`,
      ].map((text) => planted(example, 'property', text))),
]);

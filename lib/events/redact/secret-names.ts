import { NAMES, NAME_SUFFIXES, NOT_NAMES } from './redaction-table';

/** Characters at the end of a name that are examined. */
const MAX_NAME = 80;

/** A text without any of these roots holds no secret's name. Cheap, so it is tested first. */
export const NAME_ROOT = new RegExp(
  [...new Set(NAMES.flatMap(({ root, queryOnly }) => (queryOnly === true ? [] : [root])))].join('|'),
  'i',
);

const NOT_A_NAME = new RegExp(`(?:${NOT_NAMES.join('|')})$`);
const NAME = new RegExp(`(?:${endings(false)})s?\\d{0,9}(?:${NAME_SUFFIXES.join('|')})?\\d{0,9}$`);

/** Only as the whole name or after a separator: `X-Amz-Signature`, not `zipcode`. */
const PARAMETER = new RegExp(`(?:^|[^a-z0-9])(?:${endings(true)})$`, 'i');

const LABELS = new Set('name key field property param parameter variable header label'.split(' '));
const LABELLED = new Set('value val content text old new oldvalue newvalue'.split(' '));

function endings(isQueryOnly: boolean): string {
  return NAMES.flatMap(({ ending, queryOnly = false }) => (queryOnly === isQueryOnly ? [ending] : [])).join('|');
}

/** Whether a property of this name holds a secret. Names of ids (`tokenId`) and a policy's aliases (`group:token`) do not match. */
export function isSecretName(name: string): boolean {
  if (!NAME_ROOT.test(name)) return false;
  const end = name.slice(-MAX_NAME);
  if (!/^[\w. $@-]+$/.test(end)) return false;
  const plain = end.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return NAME.test(plain) && !NOT_A_NAME.test(plain);
}

/** Like isSecretName, plus the names that are secret only as query parameters: `sig`, `code`. */
export function isSecretParameter(name: string): boolean {
  const plain = name.replaceAll(/[[\]]+/g, '.').replace(/\.$/, '');
  return PARAMETER.test(plain) || isSecretName(plain);
}

/** Whether a field names its sibling field a secret, like `name` in `{"name": "DB_PASSWORD", "value": "…"}`. */
export function labelsSecret(name: string, value: unknown): boolean {
  return typeof value === 'string' && LABELS.has(name.toLowerCase()) && isSecretName(value);
}

/** Whether a field holds the value that a sibling field names, like `value` above. */
export function isLabelledValue(name: string): boolean {
  return LABELLED.has(name.toLowerCase());
}

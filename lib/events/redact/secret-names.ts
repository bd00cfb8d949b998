import { NAMES, NAME_SUFFIXES, NOT_NAMES } from './redaction-table';

/** Characters at the end of a name that are looked at. */
const MAX_NAME = 80;

/** The `roots` of the names, each once. */
export const NAME_ROOTS: readonly string[] = [
  ...new Set(NAMES.flatMap(({ root, queryOnly }) => (queryOnly === true ? [] : [root]))),
];

/** Text that could hold such a name; cheap, and asked before anything is searched for. */
export const MAY_NAME_A_SECRET = new RegExp(NAME_ROOTS.join('|'), 'i');

const NOT_A_NAME = new RegExp(`(?:${NOT_NAMES.join('|')})$`);
const NAME = new RegExp(`(?:${endings(false).join('|')})s?\\d{0,9}(?:${NAME_SUFFIXES.join('|')})?\\d{0,9}$`);

/** Only as the whole name or behind a separator: `X-Amz-Signature`, not `zipcode`. */
const PARAMETER = new RegExp(`(?:^|[^a-z0-9])(?:${endings(true).join('|')})$`, 'i');

function endings(isQueryOnly: boolean): readonly string[] {
  return NAMES.flatMap(({ ending, queryOnly = false }) => (queryOnly === isQueryOnly ? [ending] : []));
}

/** Whether a property of this name holds a secret. Names of ids (`tokenId`, `accessKeyId`) end otherwise and are left alone, and so are a policy's aliases (`group:token`). */
export function isSecretName(name: string): boolean {
  if (!MAY_NAME_A_SECRET.test(name)) return false;
  const end = name.slice(-MAX_NAME);
  if (!/^[\w. $@-]+$/.test(end)) return false;
  const plain = end.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return NAME.test(plain) && !NOT_A_NAME.test(plain);
}

/** As isSecretName, and the names that count only as parameters of a query: `sig`, `code`. */
export function isSecretParameter(name: string): boolean {
  const plain = name.replaceAll(/[[\]]+/g, '.').replace(/\.$/, '');
  return PARAMETER.test(plain) || isSecretName(plain);
}

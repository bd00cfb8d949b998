import { ACCESS_EXAMPLES } from './access-examples';
import { DEVICE_AND_FILE_EXAMPLES } from './devices-and-file-examples';
import { GATE_EXAMPLES } from './gates-examples';
import { PEOPLE_EXAMPLES } from './people-examples';
import type { Examples } from './example';

/** One row for each finding; the ids are checked against the catalogue. */
export const EXAMPLES: Readonly<Record<string, Examples>> = {
  ...ACCESS_EXAMPLES,
  ...GATE_EXAMPLES,
  ...PEOPLE_EXAMPLES,
  ...DEVICE_AND_FILE_EXAMPLES,
};

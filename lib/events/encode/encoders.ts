import { auditEncoder } from './audit';
import type { Encoder } from './encoder';
import { policyDiffEncoder } from './policy-diff';

/** Every published form. */
export const ENCODERS: readonly Encoder[] = [auditEncoder, policyDiffEncoder];

/** @throws RangeError for a detail type that no encoder makes. */
export function encoderOf(detailType: string): Encoder {
  const found = ENCODERS.find((encoder) => encoder.detailType === detailType);
  if (found === undefined) throw new RangeError(`no encoder makes "${detailType}"`);
  return found;
}

import * as z from 'zod/mini';

/** Bytes of one record's name: see idHalf. */
const NAME_BYTES = 8;

/** The note of what a run works on. `ids` are 8 bytes a record, one after the other: 100 of them stay under 1 KB. */
export const working = z.object({ ids: z.custom<Uint8Array>((value) => value instanceof Uint8Array), deaths: z.int() });
type Working = z.infer<typeof working>;

export function toWorking(records: readonly string[], deaths: number): Working {
  return { ids: Buffer.from(records.join(''), 'hex'), deaths };
}

/** Records that the run before worked on when it died, with the deaths in a row: a run that ends erases its note. */
export function suspectsOf(note: Working | undefined): ReadonlyMap<string, number> {
  if (note === undefined) return new Map();
  const names =
    Buffer.from(note.ids)
      .toString('hex')
      .match(new RegExp(`.{${NAME_BYTES * 2}}`, 'g')) ?? [];
  return new Map(names.map((name) => [name, note.deaths + 1]));
}

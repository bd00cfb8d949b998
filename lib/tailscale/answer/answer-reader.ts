import { ConnectorError } from '../../domain/errors';
import type { LogRecord } from '../../domain/record';
import { invalid } from '../http/body';
import type { Body } from '../http/body';
import { Unfinished } from '../http/wait-limit';
import type { Envelope, WrittenString } from './envelope';
import { EnvelopeScanner } from './envelope-scanner';
import type { Item } from './envelope-scanner';
import { parseRecord } from './record';
import { Spool } from './spool';

/** Records: one unit of publishing. Bytes: small beside the memory of the rest. */
const BATCH = { records: 100, bytes: 1_000_000 } as const;

/** Bytes of records held until the answer names its tailnet, counting some for each record beside its text. */
const HELD = { bytes: 8_000_000, recordBytes: 200 } as const;

type OversizedItem = Extract<Item, { readonly kind: 'part' | 'oversized' }>;

/** Reads one answer record by record, and no more of the body than the next batch needs. */
export class AnswerReader {
  /** Records as in AuditLogPage.batches. */
  readonly batches: AsyncGenerator<readonly LogRecord[], void, void>;
  /** The envelope's strings that were read so far. */
  readonly strings = new Map<string, WrittenString | null>();
  /** The whole answer was read, and it was complete. */
  isComplete = false;
  /** Why reading stopped early; null if it did not. */
  failure: ConnectorError | null = null;

  readonly #scanner: EnvelopeScanner;
  #queue: LogRecord[] = [];
  #queuedBytes = 0;
  #position = 0;
  #hasList = false;
  /** The file of an oversized record that is still being read. */
  #spool: Spool | null = null;
  /** By path, of records that are queued or were just given out. */
  readonly #files = new Map<string, Spool>();

  constructor(
    private readonly body: Pick<Body, 'next' | 'close'>,
    private readonly url: URL,
    private readonly envelope: Envelope,
  ) {
    this.#scanner = new EnvelopeScanner(envelope, (what) => invalid(url, what));
    this.batches = this.#give();
  }

  /** Whole records were read and not given out yet. */
  get holdsRecords(): boolean {
    return this.#queue.length > 0;
  }

  /**
   * Reads up to the first batch.
   *
   * @throws ConnectorError. `batches` still gives out the whole records before the failure, and then throws it.
   */
  async prime(): Promise<this> {
    await this.#fill();
    if (this.failure !== null) throw this.failure;
    return this;
  }

  async close(): Promise<void> {
    await this.body.close();
    await this.#spool?.remove();
    await Promise.all([...this.#files.values()].map((file) => file.remove()));
    this.#files.clear();
    this.#spool = null;
  }

  async *#give(): AsyncGenerator<readonly LogRecord[], void, void> {
    try {
      for (;;) {
        await this.#fill();
        const batch = this.#takeBatch();
        if (batch.length === 0) break;
        yield batch;
        for (const record of batch) if (record.kind === 'oversized') await this.#files.get(record.file.path)?.remove();
      }
      if (this.failure !== null) throw this.failure;
    } finally {
      await this.close();
    }
  }

  async #fill(): Promise<void> {
    try {
      while (this.failure === null && !this.isComplete && !(this.#isBatchFull() && this.#isNamed())) {
        const item = this.#scanner.next();
        if (item === null) await this.#readChunk();
        else if (item.kind === 'part' || item.kind === 'oversized') await this.#takeOversized(item);
        else this.#take(item);
      }
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      this.failure = error;
      // Records of an unknown tailnet cannot be used.
      if (!this.#isNamed()) this.#queue = [];
      await this.body.close();
    }
  }

  async #readChunk(): Promise<void> {
    const chunk = await this.body.next();
    if (chunk !== null) {
      this.#scanner.push(chunk);
      return;
    }
    this.#scanner.finish();
    if (!this.#hasList) throw invalid(this.url, `has no list "${this.envelope.lists[0] ?? ''}"`);
    this.isComplete = true;
  }

  #take(item: Exclude<Item, OversizedItem>): void {
    switch (item.kind) {
      case 'list':
        this.#hasList = true;
        return;
      case 'string':
        this.strings.set(item.name, item.value);
        return;
      case 'record': {
        const { raw } = item;
        const common = { position: this.#position, bytes: raw.length, raw };
        const parsed = parseRecord(raw, item.scanned);
        this.#add(
          'value' in parsed ? { kind: 'parsed', ...common, ...parsed } : { kind: 'unreadable', ...common, ...parsed },
        );
      }
    }
  }

  async #takeOversized(item: OversizedItem): Promise<void> {
    const spool = (this.#spool ??= await Spool.create());
    if (item.kind === 'part') {
      await spool.write(item.bytes);
      return;
    }
    const spooled = await spool.finish();
    this.#spool = null;
    this.#files.set(spooled.file.path, spool);
    this.#add({ kind: 'oversized', position: this.#position, bytes: item.bytes, ...spooled });
  }

  #add(record: LogRecord): void {
    this.#queue.push(record);
    this.#queuedBytes += record.bytes;
    this.#position += 1;
    if (!this.#isNamed() && this.#queuedBytes + this.#queue.length * HELD.recordBytes > HELD.bytes) {
      throw new Unfinished(
        'UPSTREAM_INVALID',
        `the answer of ${this.url.host} has over ${HELD.bytes} bytes of records before it names its tailnet`,
      );
    }
  }

  #isNamed(): boolean {
    const { names } = this.envelope;
    return names.length === 0 || this.isComplete || names.some((name) => this.strings.has(name));
  }

  #isBatchFull(): boolean {
    return this.#queue.length >= BATCH.records || this.#queuedBytes >= BATCH.bytes;
  }

  #takeBatch(): LogRecord[] {
    let bytes = 0;
    let count = 0;
    for (const record of this.#queue) {
      bytes += record.bytes;
      if (count === BATCH.records || (count > 0 && bytes > BATCH.bytes)) break;
      count += 1;
    }
    const batch = this.#queue.splice(0, count);
    this.#queuedBytes = this.#queue.reduce((sum, record) => sum + record.bytes, 0);
    return batch;
  }
}

import { ConnectorError } from '../../domain/errors';
import type { LogRecord } from '../../domain/record';
import { invalid } from '../http/body';
import type { Body } from '../http/body';
import type { Envelope, Strings } from './envelope';
import { EnvelopeScanner } from './envelope-scanner';
import type { Item, WrittenString } from './envelope-scanner';
import { parseRecord } from './record';
import { Spool } from './spool';
import { Unfinished } from '../http/wait-limit';

/** A batch has as many records as one unit of publishing, and bytes that are in memory beside it without being noticed. */
const BATCH = { records: 100, bytes: 1_000_000 } as const;

/** Bytes of records that are held while the answer has not named its tailnet; each record takes some beside its text. */
const HELD = { bytes: 8_000_000, recordBytes: 200 } as const;

type OversizedItem = Extract<Item, { readonly kind: 'part' | 'oversized' }>;

/** Reads one answer record by record. It never asks for more of the body than the next batch needs. */
export class AnswerReader {
  readonly #scanner: EnvelopeScanner;
  readonly #strings = new Map<string, WrittenString | null>();
  #queue: LogRecord[] = [];
  #queuedBytes = 0;
  #position = 0;
  #hasList = false;
  #isComplete = false;
  #failure: ConnectorError | null = null;
  /** Of a record that is still being read. */
  #spool: Spool | null = null;
  /** Of records that are queued or were just given out, by path. */
  readonly #files = new Map<string, Spool>();

  /** Records as AuditLogPage.batches gives them. */
  readonly batches: AsyncGenerator<readonly LogRecord[], void, void>;

  constructor(
    private readonly body: Pick<Body, 'next' | 'close'>,
    private readonly url: URL,
    private readonly envelope: Envelope,
  ) {
    this.#scanner = new EnvelopeScanner(envelope, (what) => invalid(url, what));
    this.batches = this.#give();
  }

  /** The answer was read to its end, and it was whole. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Why no more is read; null: nothing has failed. */
  get failure(): ConnectorError | null {
    return this.#failure;
  }

  /** Whole records were read, and not given out yet. */
  get holdsRecords(): boolean {
    return this.#queue.length > 0;
  }

  /** Of the envelope so far. */
  get strings(): Strings {
    return this.#strings;
  }

  /**
   * Reads up to the first batch.
   *
   * @throws ConnectorError when that fails. Whole records before the failure are there all the same: `batches` gives them
   * out and then throws it.
   */
  async prime(): Promise<this> {
    await this.#fill();
    if (this.#failure !== null) throw this.#failure;
    return this;
  }

  async close(): Promise<void> {
    await this.body.close();
    await Promise.all(
      [...this.#files.values(), ...(this.#spool === null ? [] : [this.#spool])].map((file) => file.remove()),
    );
    this.#files.clear();
    this.#spool = null;
  }

  async *#give(): AsyncGenerator<readonly LogRecord[], void, void> {
    try {
      for (;;) {
        await this.#fill();
        const batch = this.#takeBatch();
        if (batch.length > 0) {
          yield batch;
          for (const record of batch)
            if (record.kind === 'oversized') await this.#files.get(record.file.path)?.remove();
        } else if (this.#failure !== null) throw this.#failure;
        else return;
      }
    } finally {
      await this.close();
    }
  }

  async #fill(): Promise<void> {
    try {
      while (this.#failure === null && !this.#isComplete && (!this.#isBatchFull() || !this.#isNamed())) {
        const item = this.#scanner.next();
        if (item === null) await this.#readOn();
        else if (item.kind === 'part' || item.kind === 'oversized') await this.#takeOversized(item);
        else this.#take(item);
      }
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      this.#failure = error;
      // Records whose tailnet is not known cannot be used.
      if (!this.#isNamed()) this.#queue = [];
      await this.body.close();
    }
  }

  async #readOn(): Promise<void> {
    const chunk = await this.body.next();
    if (chunk !== null) {
      this.#scanner.push(chunk);
      return;
    }
    this.#scanner.finish();
    if (!this.#hasList) throw invalid(this.url, `has no list "${this.envelope.lists[0] ?? ''}"`);
    this.#isComplete = true;
  }

  #take(item: Exclude<Item, OversizedItem>): void {
    switch (item.kind) {
      case 'list':
        this.#hasList = true;
        return;
      case 'string':
        this.#strings.set(item.name, item.value);
        return;
      case 'record': {
        const bytes = item.raw.length;
        const parsed = parseRecord(item.raw, item.scanned);
        const common = { position: this.#position, bytes, raw: item.raw };
        this.#add(
          'value' in parsed
            ? { kind: 'parsed', ...common, value: parsed.value }
            : { kind: 'unreadable', ...common, problem: parsed.problem },
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
        this.url,
      );
    }
  }

  #isNamed(): boolean {
    const { names } = this.envelope;
    return names.length === 0 || this.#isComplete || names.some((name) => this.#strings.has(name));
  }

  #isBatchFull(): boolean {
    return this.#queue.length >= BATCH.records || this.#queuedBytes >= BATCH.bytes;
  }

  #takeBatch(): LogRecord[] {
    let bytes = this.#queue[0]?.bytes ?? 0;
    let count = Math.min(1, this.#queue.length);
    for (; count < Math.min(BATCH.records, this.#queue.length); count += 1) {
      bytes += this.#queue[count]?.bytes ?? 0;
      if (bytes > BATCH.bytes) break;
    }
    const batch = this.#queue.splice(0, count);
    this.#queuedBytes = this.#queue.reduce((sum, record) => sum + record.bytes, 0);
    return batch;
  }
}

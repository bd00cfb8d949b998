import { createHash } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { ByteBuffer } from './byte-buffer';

const compress = promisify(gzip);

/** Bytes of one record that are kept, before compression. Lambda's /tmp has 512 MB. */
const MAX_KEPT = 256 * 1024 * 1024;

/** Bytes compressed at a time. Each becomes a gzip member of its own; together they are one gzip file (RFC 1952, 2.2). */
const MEMBER_BYTES = 1024 * 1024;

export interface Spooled {
  /** sha256 (hex) of all that was written. */
  readonly digest: string;
  readonly file: { readonly path: string; readonly sha256: string; readonly bytes: number };
}

/** A gzipped local file for a record that is too large for memory. Where the disk is full it keeps the beginning. */
export class Spool {
  readonly #digest = createHash('sha256');
  readonly #keptDigest = createHash('sha256');
  readonly #member = new ByteBuffer();
  #keptBytes = 0;
  #fileBytes = 0;
  #isFull = false;

  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** @throws The file system's errors, where no file can be made at all. */
  static async create(): Promise<Spool> {
    const path = join(await mkdtemp(join(tmpdir(), 'tailscale-audit-')), 'record.json.gz');
    return new Spool(path, await open(path, 'wx', 0o600));
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#digest.update(bytes);
    for (let at = 0; at < bytes.length && !this.#isFull;) {
      const room = Math.min(MEMBER_BYTES, MAX_KEPT - this.#keptBytes) - this.#member.length;
      this.#member.append(bytes.subarray(at, at + room));
      at += room;
      if (this.#member.length >= MEMBER_BYTES || this.#keptBytes + this.#member.length === MAX_KEPT)
        await this.#flush();
    }
  }

  /** Ends the file. */
  async finish(): Promise<Spooled> {
    if (!this.#isFull) await this.#flush();
    await this.handle.close();
    return {
      digest: this.#digest.digest('hex'),
      file: { path: this.path, sha256: this.#keptDigest.digest('hex'), bytes: this.#keptBytes },
    };
  }

  async remove(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    await rm(dirname(this.path), { recursive: true, force: true });
  }

  async #flush(): Promise<void> {
    const member = this.#member.take();
    // The fastest level: such a record has hundreds of MB, and the file lives for a few seconds.
    const packed = await compress(member, { level: constants.Z_BEST_SPEED });
    try {
      await this.handle.appendFile(packed);
    } catch {
      await this.handle.truncate(this.#fileBytes);
      this.#isFull = true;
      return;
    }
    this.#keptDigest.update(member);
    this.#keptBytes += member.length;
    this.#fileBytes += packed.length;
    this.#isFull = this.#keptBytes === MAX_KEPT;
  }
}

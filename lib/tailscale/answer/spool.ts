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

/** Bytes of one gzip member. Members in a row are one gzip file (RFC 1952, 2.2). */
const MEMBER_BYTES = 1024 * 1024;

export interface Spooled {
  /** SHA-256 (hex) of all bytes written. */
  readonly digest: string;
  readonly file: { readonly path: string; readonly sha256: string; readonly bytes: number };
}

/** A gzipped local file for a record that is too large for memory. It keeps the beginning when the disk is full. */
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

  /** @throws the file system's error where no file can be made */
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
    // The fastest level: a record may have hundreds of MB, and the file is deleted within seconds.
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

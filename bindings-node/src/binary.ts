// Bodies that are not JSON, such as QR codes.

/** A body with its content type, such as the image of a QR code. */
export class Binary {
  /** The media type, such as `image/png`, as the server sent it. */
  readonly contentType: string;
  /** The bytes. */
  readonly data: Uint8Array;

  /** Puts bytes and their content type together, as a test of your own code may want. */
  constructor(contentType: string, data: Uint8Array) {
    this.contentType = contentType;
    this.data = data;
  }

  /**
   * Writes the bytes to a file, which is created or replaced, or to a stream, which stays open.
   *
   * A file's bytes go to a new file beside it first, which then takes its place: a full disk leaves what was there.
   */
  async writeTo(target: string | URL | NodeJS.WritableStream): Promise<void> {
    if (typeof target === "object" && "write" in target) {
      await new Promise<void>((resolve, reject) => {
        target.once("error", reject);
        target.write(this.data, (error) => {
          target.removeListener("error", reject);
          if (error) reject(error);
          else resolve();
        });
      });
      return;
    }
    const { rename, rm, writeFile } = await import("node:fs/promises");
    const { basename, dirname, join } = await import("node:path");
    const { fileURLToPath } = await import("node:url");
    const path = typeof target === "string" ? target : fileURLToPath(target);
    const partial = join(dirname(path), `.${basename(path)}.${process.pid}.${Math.random().toString(36).slice(2)}.partial`);
    try {
      await writeFile(partial, this.data);
      await rename(partial, path);
    } catch (error) {
      // What is left of a failed write is of no use, and the first error is the one that counts.
      await rm(partial, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  /** @internal */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `Binary(${this.contentType}, ${this.data.byteLength} bytes)`;
  }
}

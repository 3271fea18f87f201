/**
 * Bytes that can be read at random: a file, a member of a tar, an S3 object and a presigned URL are the same thing to the rooms above.
 * What cannot be read at random (gzip, zstd) is a `ByteStream`.
 */
export interface Source {
  /** Bytes in all. */
  readonly size: number;
  /** Changes whenever the bytes may have changed: path, size and mtime of a file; ETag of an object. */
  readonly identity: string;
  /** What may be shown; never a presigned URL's query. */
  readonly label: string;
  /** Fills `into` from `offset`; gives the bytes read, less than asked only at the end. Safe to call in parallel. Throws when the source changed. */
  read(offset: number, into: Uint8Array, signal?: AbortSignal): Promise<number>;
  /**
   * One pass over a range, where one request is cheaper than many reads. A chunk is valid until the next one is asked for.
   * Callers use `chunksOf`, which does without it where a source has none.
   */
  stream?: ((offset: number, size: number, signal?: AbortSignal) => AsyncIterable<Uint8Array>) | undefined;
  /** Where the bytes lie, for another thread that reads them by itself. */
  place?(): Place | undefined;
  close(): Promise<void>;
}

/** What `openFile` or `openUrl` found, in plain words that pass from thread to thread; `offset`: where in it a source begins. */
export type Place = (FilePlace | UrlPlace) & {
  readonly identity: string;
  readonly label: string;
  readonly offset: number;
};

export interface FilePlace {
  readonly path: string;
}

export interface UrlPlace {
  /** A secret. */
  readonly url: string;
  readonly size: number;
  readonly etag: string | undefined;
  readonly modified: string | undefined;
}

/** Bytes that pass once, in order. A chunk is valid until the next one is asked for; `hold` makes it last. */
export interface ByteStream {
  readonly label: string;
  readonly identity: string;
  chunks(signal?: AbortSignal): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

import type { Crc } from "../bytes/crc.ts";
import { type Body, bodyChunks, sizeOf } from "./body.ts";

/** The checksum of a body that is sent to S3: known before, in a header, or computed while the body leaves and sent behind it (docs/decisions.md). */
export class BodyChecksum {
  private readonly crc: Crc;
  private known: bigint | undefined;

  constructor(crc: Crc) {
    this.crc = crc;
  }

  /** Of the bytes as they were read last; `undefined` as long as they were not read to their end. */
  get value(): bigint | undefined {
    return this.known;
  }

  /** Takes over what another one found on the same body. */
  learn(value: bigint | undefined): void {
    this.known = value;
  }

  /** Reads the body for it. */
  async read(body: Body, signal: AbortSignal): Promise<bigint> {
    let value = this.crc.empty;
    for await (const chunk of bodyChunks(body, signal)) value = this.crc.update(chunk, value);
    this.known = value;
    return value;
  }

  /** Headers of a request whose body has it before. */
  before(): Readonly<Record<string, string>> {
    return this.known === undefined ? {} : { [this.crc.header]: this.crc.base64(this.known) };
  }

  /** Headers of a request whose body has it behind. */
  behind(body: Body): Readonly<Record<string, string>> {
    return {
      "content-encoding": "aws-chunked",
      "x-amz-decoded-content-length": String(sizeOf(body)),
      "x-amz-trailer": this.crc.header,
    };
  }

  /** The body in one chunk of S3's `aws-chunked` (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>), and the checksum behind it. */
  framed(body: Body, signal: AbortSignal): Body {
    const head = Buffer.from(`${sizeOf(body).toString(16)}\r\n`);
    const tail = (value: bigint) => Buffer.from(`\r\n0\r\n${this.crc.header}:${this.crc.base64(value)}\r\n\r\n`);
    return {
      size: head.length + sizeOf(body) + tail(this.crc.empty).length,
      chunks: this.passing(body, head, tail, signal),
    };
  }

  private async *passing(
    body: Body,
    head: Uint8Array,
    tail: (value: bigint) => Uint8Array,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    this.known = undefined;
    let value = this.crc.empty;
    yield head;
    for await (const chunk of bodyChunks(body, signal)) {
      value = this.crc.update(chunk, value);
      yield chunk;
    }
    this.known = value;
    yield tail(value);
  }
}

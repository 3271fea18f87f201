import type { ByteStream } from "./source.ts";

/** The stream, with `hear` told of every chunk before its reader gets it. */
export function overheard(stream: ByteStream, hear: (chunk: Uint8Array) => void): ByteStream {
  return {
    label: stream.label,
    identity: stream.identity,
    async *chunks(signal) {
      for await (const chunk of stream.chunks(signal)) {
        hear(chunk);
        yield chunk;
      }
    },
    close: () => stream.close(),
  };
}

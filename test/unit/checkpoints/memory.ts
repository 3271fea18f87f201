import type { Source } from "../../../src/bytes/source.ts";

/** Bytes in memory as a source. */
export function memory(content: Buffer, label = "memory"): Source {
  return {
    size: content.length,
    label,
    identity: label,
    async read(offset, into) {
      return content.copy(into, 0, offset, Math.min(content.length, offset + into.length));
    },
    close: async () => {},
  };
}

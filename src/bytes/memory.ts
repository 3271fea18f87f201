import type { Source } from "./source.ts";

/** Bytes in memory as a source; `label` names them for people. */
export function memorySource(bytes: Buffer, label: string): Source {
  return {
    size: bytes.length,
    identity: label,
    label,
    read: async (offset, into) => bytes.copy(into, 0, offset, offset + into.length),
    close: async () => {},
  };
}

import { InternalError } from "../errors.ts";
import type { Source } from "./source.ts";

/** `size` bytes of `source` from `offset`, as a source of its own (a member of a tar). Closing it leaves `source` open. */
export function sliceOf(source: Source, offset: number, size: number, label: string): Source {
  if (offset < 0 || size < 0 || offset + size > source.size)
    throw new InternalError("INTERNAL", {
      happened: `Bytes ${offset} to ${offset + size} of ${source.label} were asked for, which has ${source.size}.`,
      next: "Please report it with the log of this run.",
    });
  const { stream } = source;
  return {
    size,
    label,
    identity: `${source.identity}[${offset}+${size}]`,
    async read(at, into, signal) {
      const wanted = Math.max(0, Math.min(into.length, size - at));
      if (wanted === 0) return 0;
      return source.read(offset + at, into.subarray(0, wanted), signal);
    },
    ...(stream
      ? {
          stream: (at, length, signal) =>
            stream.call(source, offset + at, Math.max(0, Math.min(length, size - at)), signal),
        }
      : {}),
    async close() {},
  };
}

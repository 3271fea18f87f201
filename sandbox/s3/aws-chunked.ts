import { refused, S3Error } from "./errors.ts";

const smallestChunk = 8192;

/** Trailing headers of an aws-chunked body, names in lower case; filled when the body has been read. */
export type Trailers = Map<string, string>;

const malformed = () =>
  new S3Error(
    400,
    "MalformedTrailerError",
    "The request contained trailing data that was not well-formed or did not conform to our published schema.",
  );

/**
 * Takes the framing off an unsigned aws-chunked body: `<hex size>\r\n<bytes>\r\n` ..., `0\r\n`, trailers, an empty line.
 * Source: "Uploading data to Amazon S3 with unsigned payload and trailing headers". Every chunk but the last has at least 8 KiB.
 */
export async function* unchunked(
  body: AsyncIterable<Buffer>,
  trailers: Trailers,
): AsyncGenerator<Buffer, void, undefined> {
  let state: "size" | "data" | "end" | "trailer" | "done" = "size";
  let left = 0;
  let small = false;
  let line = "";
  for await (const chunk of body) {
    let at = 0;
    while (at < chunk.length) {
      if (state === "done") throw malformed();
      if (state === "data") {
        const piece = chunk.subarray(at, at + left);
        at += piece.length;
        left -= piece.length;
        if (left === 0) state = "end";
        yield piece;
        continue;
      }
      const feed = chunk.indexOf(10, at);
      line += chunk.toString("latin1", at, feed < 0 ? chunk.length : feed + 1);
      at = feed < 0 ? chunk.length : feed + 1;
      if (line.length > 4096) throw malformed();
      if (feed < 0) break;
      if (!line.endsWith("\r\n")) throw malformed();
      const text = line.slice(0, -2);
      line = "";
      if (state === "end") {
        if (text !== "") throw refused.incompleteBody();
        state = "size";
      } else if (state === "size") {
        if (!/^[0-9a-fA-F]{1,12}$/.test(text)) throw refused.incompleteBody();
        left = Number.parseInt(text, 16);
        if (left > 0 && small)
          throw new S3Error(
            403,
            "InvalidChunkSizeError",
            "Only the last chunk is allowed to have a size less than 8192 bytes",
          );
        small = left < smallestChunk;
        state = left > 0 ? "data" : "trailer";
      } else if (text === "") state = "done";
      else {
        const colon = text.indexOf(":");
        if (colon < 1) throw malformed();
        trailers.set(text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim());
      }
    }
  }
  if (state !== "done") throw refused.incompleteBody();
}

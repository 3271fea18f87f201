/**
 * Cuts the first list out of a JSON map whose bytes arrive piece by piece. `take` gets its items as they are there, in texts that are lists themselves;
 * what is given back is the map with this list empty. Both are for `JSON.parse` to judge: text that is no JSON stays none. Errors:
 * `SyntaxError` for a comma at the list's end, and those of `take` and `bytes`.
 */
export async function cutFirstList(bytes: AsyncIterable<Uint8Array>, take: (items: string) => void): Promise<string> {
  const around: Uint8Array[] = [];
  const nesting = new Nesting();
  let state: "before" | "within" | "behind" = "before";
  // Of the list: what was not taken yet, and whether a comma stands before it.
  let waiting: Uint8Array[] = [];
  let more = false;
  for await (const piece of bytes) {
    let from = 0;
    let comma = -1;
    for (let at = 0; at < piece.length && state !== "behind"; at += 1) {
      const byte = piece[at]!;
      if (!nesting.enter(byte)) continue;
      if (state === "before" && byte === sign["["] && nesting.depth === 2) {
        around.push(piece.subarray(from, at + 1));
        from = at + 1;
        state = "within";
      } else if (state === "within" && byte === sign[","] && nesting.depth === 2) comma = at;
      else if (state === "within" && nesting.depth === 1) {
        const items = textOf([...waiting, piece.subarray(from, at)]);
        if (more && items.trim() === "") throw new SyntaxError("a comma ends the list");
        take(`[${items}]`);
        from = at;
        state = "behind";
      }
    }
    if (state !== "within") around.push(piece.subarray(from));
    else if (comma < 0) waiting.push(piece.subarray(from));
    else {
      take(`[${textOf([...waiting, piece.subarray(from, comma)])}]`);
      waiting = [piece.subarray(comma + 1)];
      more = true;
    }
  }
  return textOf(around);
}

function textOf(pieces: readonly Uint8Array[]): string {
  return Buffer.concat(pieces).toString();
}

/** The bytes that give JSON its form; no byte of a longer UTF-8 character is among them. */
const sign = { "{": 0x7b, "}": 0x7d, "[": 0x5b, "]": 0x5d, ",": 0x2c, '"': 0x22, "\\": 0x5c } as const;

/** Follows JSON byte by byte. */
class Nesting {
  /** Maps and lists that are open. */
  depth = 0;
  private inText = false;
  private escaped = false;

  /** Goes on by one byte; tells whether it stands outside of texts. */
  enter(byte: number): boolean {
    if (this.inText) {
      if (this.escaped) this.escaped = false;
      else if (byte === sign["\\"]) this.escaped = true;
      else if (byte === sign['"']) this.inText = false;
      return false;
    }
    if (byte === sign['"']) this.inText = true;
    else if (byte === sign["{"] || byte === sign["["]) this.depth += 1;
    else if (byte === sign["}"] || byte === sign["]"]) this.depth -= 1;
    return true;
  }
}

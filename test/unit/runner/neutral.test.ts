import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { neutralise } from "../../../src/runner/neutral.ts";

/** What GitHub's runner takes for a command: `::` at the start of a line (spaces allowed), `##[` anywhere. */
function commands(text: string): readonly string[] {
  return text.split(/\r\n|\n|\r/).filter((line) => line.trimStart().startsWith("::") || line.includes("##["));
}

describe("neutralise", () => {
  it("leaves ordinary text as it is", () => {
    expect(neutralise("pulling a::b\n  50 % of 3 GiB")).toBe("pulling a::b\n  50 % of 3 GiB");
  });

  it.each([
    "::set-output name=a::b",
    "  ::add-mask::x",
    "ok\r::error::x",
    "a ##[error]b",
    "##[##[group]x",
    "x\u2028::warning::y",
    "\u0000::error::x",
  ])("lets no command through: %j", (text) => {
    expect(commands(neutralise(text))).toEqual([]);
  });

  it("keeps colours, and no other sequence or control character", () => {
    expect(neutralise("\u001b[31mred\u001b[0m")).toBe("\u001b[31mred\u001b[0m");
    expect(neutralise("\u001b[2Ja\u001b]0;title\u0007b\u009b1Ac")).toBe("[2Ja]0;titleb1Ac");
  });

  it("lets no command through, whatever the text", () => {
    const piece = fc.constantFrom(
      "::",
      ":",
      "##[",
      "#",
      "[",
      "\r",
      "\n",
      " ",
      "\t",
      "\u0085",
      "\u2028",
      "error",
      "\u001b[31m",
      "\u0000",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(commands(neutralise(pieces.join("")))).toEqual([]);
      }),
    );
  });
});

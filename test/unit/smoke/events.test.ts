import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventReader } from "../../../src/smoke/events.ts";
import { StreamVerdict } from "../../../src/smoke/stream.ts";

function read(bytes: Uint8Array, cuts: readonly number[]): readonly string[] {
  const reader = new EventReader();
  const events: string[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    const to = Math.max(from, Math.min(cut, bytes.length));
    for (const event of reader.push(bytes.subarray(from, to))) events.push(event.data);
    from = to;
  }
  for (const event of reader.end()) events.push(event.data);
  return events;
}

describe("EventReader", () => {
  it("gives the same events however the bytes are cut and the lines end", () => {
    const data = fc.stringMatching(/^[a-z€😀{}":, ]{0,12}$/u);
    const ending = fc.constantFrom("\n", "\r\n", "\r");
    fc.assert(
      fc.property(
        fc.array(data, { maxLength: 6 }),
        ending,
        fc.array(fc.nat(200), { maxLength: 8 }),
        (texts, end, cuts) => {
          const stream = texts.map((text) => `: ping${end}event: x${end}data: ${text}${end}${end}`).join("");
          expect(
            read(
              Buffer.from(stream),
              [...cuts].sort((a, b) => a - b),
            ),
          ).toEqual(texts);
        },
      ),
    );
  });

  it("drops an event that was cut before its empty line", () => {
    expect(read(Buffer.from("data: a\n\ndata: b\n"), [])).toEqual(["a"]);
  });

  it("joins the data lines of one event", () => {
    expect(read(Buffer.from("data: a\ndata:b\ndata\n\n"), [])).toEqual(["a\nb\n"]);
  });
});

function chunk(content: string | null, finish: string | null = null): string {
  return JSON.stringify({
    object: "chat.completion.chunk",
    model: "Laguna",
    choices: [{ index: 0, delta: { role: "assistant", content }, finish_reason: finish }],
  });
}

function verdict(...data: readonly string[]): string | undefined {
  const stream = new StreamVerdict("agent", "Laguna");
  data.forEach((item, index) => void stream.take({ data: item }, index * 10));
  return stream.complaint();
}

describe("StreamVerdict", () => {
  it("takes a whole stream with a role-only first chunk and a usage chunk", () => {
    const usage = JSON.stringify({
      object: "chat.completion.chunk",
      model: "Laguna",
      choices: [],
      usage: { completion_tokens: 2 },
    });
    expect(verdict(chunk(null), chunk("a"), chunk("b"), chunk("", "stop"), usage, "[DONE]")).toBeUndefined();
  });

  it("takes a stream that holds reasoning only", () => {
    const thinking = JSON.stringify({
      object: "chat.completion.chunk",
      model: "Laguna",
      choices: [{ delta: { reasoning: "hm" }, finish_reason: "length" }],
    });
    expect(verdict(thinking, "[DONE]")).toBeUndefined();
  });

  it("refuses an error after the 200, even before [DONE]", () => {
    expect(verdict(chunk("a"), JSON.stringify({ error: { message: "engine died" } }), "[DONE]")).toContain(
      "engine died",
    );
  });

  it("refuses an end without [DONE], without a finish_reason, and without text", () => {
    expect(verdict(chunk("a"), chunk("", "stop"))).toContain("[DONE]");
    expect(verdict(chunk("a"), "[DONE]")).toContain("mid-answer");
    expect(verdict("[DONE]")).toContain("no text");
  });

  it("refuses another model's answer", () => {
    expect(verdict(chunk("a").replace("Laguna", "Point"), "[DONE]")).toContain("Point answered");
  });
});

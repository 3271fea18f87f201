import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { tarOf } from "../../../sandbox/sample/tar.ts";
import type { Source } from "../../../src/bytes/source.ts";
import { tarContent } from "../../../src/checkpoints/archive.ts";

const block = 512;

/** A tar of empty files that is made while it is read: it takes no memory of its own. */
function tarOfMany(count: number): Source {
  const template = tarOf([{ path: "model/part-00000.json", content: Buffer.alloc(0) }]).subarray(0, block);
  const header = (index: number) => {
    const bytes = Buffer.from(template);
    bytes.write(`part-${String(index).padStart(5, "0")}`, "model/".length);
    bytes.fill(" ", 148, 156);
    const sum = bytes.reduce((total, byte) => total + byte, 0);
    bytes.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148);
    return bytes;
  };
  return {
    size: (count + 2) * block,
    label: "many.tar",
    identity: "many",
    async read(offset, into) {
      into.fill(0);
      for (let at = Math.ceil(offset / block) * block; at < offset + into.length && at < count * block; at += block)
        into.set(header(at / block).subarray(0, offset + into.length - at), at - offset);
      return into.length;
    },
    close: async () => {},
  };
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of objects that are in use. */
function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

describe("the files of an archive", () => {
  it("take some hundred bytes each, however many there are", async () => {
    const count = 20_000;
    const before = heap();
    const content = await tarContent(
      tarOfMany(count),
      { strip: "auto", prefixLength: 0 },
      new AbortController().signal,
    );
    const each = (heap() - before) / count;
    expect(content.files.length).toBe(count);
    expect(content.files.at(-1)!.bytes.label).toBe(`many.tar!part-${count - 1}.json`);
    expect(each).toBeLessThan(250);
  });
});

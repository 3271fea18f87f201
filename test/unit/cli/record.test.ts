import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ReleaseRecord } from "../../../src/record/record.ts";
import { example } from "../record/record.ts";
import { folder, removeFolder, run } from "./support.ts";

afterAll(removeFolder);

function lay(name: string, record: ReleaseRecord): void {
  writeFileSync(join(folder, name), JSON.stringify(record));
}

describe("record diff", () => {
  const before = example;
  const image = Object.keys(before.images)[0]!;
  const after = {
    ...before,
    images: { ...before.images, [image]: { ...before.images[image]!, tag: "2612.0" } },
  };

  it("shows what two records say differently", async () => {
    lay("a.json", before);
    lay("b.json", after);
    const { code, stdout, stderr } = await run(["record", "diff", "a.json", "b.json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`image ${image}`);
    expect(stdout).toContain("2612.0");
    expect(JSON.parse((await run(["record", "diff", "a.json", "b.json", "--json"])).stdout)).toEqual([
      expect.objectContaining({ what: `image ${image}` }),
    ]);
  });

  it("says that they say the same", async () => {
    lay("a.json", before);
    expect((await run(["record", "diff", "a.json", "a.json"])).stdout).toBe("The records say the same.\n");
  });

  it("names a record that is not there, with exit code 1", async () => {
    const { code, stderr } = await run(["record", "diff", "a.json", "nowhere.json"]);
    expect(code).toBe(1);
    expect(stderr).toContain("RECORD_NOT_FOUND");
  });

  it.each([[["record", "diff"]], [["record", "diff", "a.json"]], [["record", "diff", "a", "b", "c"]]])(
    "refuses %j",
    async (args) => {
      expect((await run(args)).code).toBe(2);
    },
  );
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";

const home = mkdtempSync(join(tmpdir(), "eks-deploy-cache-"));
vi.stubEnv("XDG_CACHE_HOME", home);
const { cached } = await import("../../../e2e/tools/cache.ts");
afterAll(() => rmSync(home, { recursive: true }));

describe("what is installed", () => {
  it("is made once where two layers need it at the same time", async () => {
    let made = 0;
    const make = async (folder: string) => {
      made += 1;
      writeFileSync(join(folder, "program"), "");
    };
    const folders = await Promise.all([cached("etcd", make), cached("etcd", make)]);
    expect(new Set(folders)).toEqual(new Set([join(home, "eks-deploy/e2e/etcd")]));
    expect(await cached("etcd", make)).toBe(folders[0]);
    expect(made).toBe(1);
  });

  it("is made anew after a failure, which both hear of", async () => {
    const fail = () => Promise.reject(new Error("no space left"));
    const both = await Promise.allSettled([cached("kwok", fail), cached("kwok", fail)]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(cached("kwok", async () => {})).resolves.toBe(join(home, "eks-deploy/e2e/kwok"));
  });
});

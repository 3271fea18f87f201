import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startEnclosed } from "../../../e2e/enclosure.ts";
import { keepOutput } from "../../../e2e/output.ts";

/** Processes of this machine, however far away, whose command line has this word. */
function alive(word: string): number {
  const commands = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return commands.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(word);
    } catch {
      return false;
    }
  }).length;
}

const probe = ["--user", "--map-current-user", "--mount", "--pid", "--fork", "--mount-proc", "true"];
const permits = process.platform === "linux" && spawnSync("unshare", probe).status === 0;

describe.runIf(permits)("what an enclosed program started", () => {
  /** A process that has removed itself from its parent, its group and its session. */
  const removed = (word: string) => `setsid -f sleep ${word}`;

  it("ends with it, however far it has removed itself", async () => {
    const word = `1000.${process.pid}1`;
    const enclosed = startEnclosed(["sh", "-c", `${removed(word)}; sleep 600`]);
    while (alive(word) === 0) await sleep(10);
    enclosed.end();
    await enclosed.ended;
    expect(alive(word)).toBe(0);
  });

  it("is gone when it has ended by itself", async () => {
    const word = `1000.${process.pid}2`;
    const enclosed = startEnclosed(["sh", "-c", removed(word)]);
    await enclosed.ended;
    expect(alive(word)).toBe(0);
    // A second Ctrl-C must not disturb what is being given back.
    expect(() => enclosed.end()).not.toThrow();
  });
});

const asRoot = spawnSync("unshare", ["--net", "--mount", "--pid", "--fork", "ip", "link", "set", "lo", "up"]);

describe.runIf(asRoot.status === 0)("an enclosed program", () => {
  it("has a network of its own, prepared as it needs it, in which nothing else listens", async () => {
    const folder = mkdtempSync(join(tmpdir(), "eks-deploy-enclosure-"));
    const output = keepOutput(join(folder, "output"));
    const prepare = ["ip link add node0 type bridge", "ip link set node0 up"];
    const enclosed = startEnclosed(["ip", "-brief", "link"], { prepare, output: output.descriptor });
    await enclosed.ended;
    const interfaces = output.take().match(/^\S+/gm);
    expect(interfaces).toEqual(["lo", "node0"]);
    rmSync(folder, { recursive: true });
  });
});

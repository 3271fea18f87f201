import { describe, expect, it } from "vitest";
import type { Finding } from "../../../src/action/context.ts";
import { createLog } from "../../../src/runner/log.ts";
import { Masks } from "../../../src/runner/masks.ts";
import type { Printer } from "../../../src/runner/printer.ts";

/** A log that prints into a list. */
function recordedLog() {
  const printed: string[] = [];
  const printer: Printer = {
    interval: 0,
    line: (text) => void printed.push(text),
    debug: (text) => void printed.push(`debug ${text}`),
    openGroup: (title) => void printed.push(`> ${title}`),
    closeGroup: () => void printed.push("<"),
    progress: (text) => void printed.push(text),
    finding: ({ code, happened, next }) => void printed.push(`${code} ${happened} ${next}`),
  };
  const masks = new Masks();
  return { log: createLog(masks, printer), printed, masks };
}

const warning: Finding = { code: "W", level: "warning", happened: "It leaks.", next: "Mend it." };

describe("the log", () => {
  it("closes a group when its body fails", async () => {
    const { log, printed } = recordedLog();
    const failing = log.group("Apply", async () => {
      log.info("a");
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    log.info("b");
    expect(printed).toEqual(["> Apply", "a", "<", "b"]);
  });

  it("shows no group in which nothing was said", async () => {
    const { log, printed } = recordedLog();
    await log.group("Verify", async () => log.debug("quiet"));
    expect(printed).toEqual(["debug quiet"]);
  });

  it("ends a group when another begins inside it, and closes each once", async () => {
    const { log, printed } = recordedLog();
    await log.group("outer", async () => {
      log.info("a");
      await log.group("inner", async () => log.info("b"));
      log.info("c");
    });
    expect(printed).toEqual(["> outer", "a", "<", "> inner", "b", "<", "c"]);
  });

  it("tells a finding once, however often it is met", () => {
    const { log, printed } = recordedLog();
    for (let times = 0; times < 3; times += 1) log.finding(warning);
    log.finding({ ...warning, at: { file: "eks-deploy.yaml", line: 3, column: 1 } });
    expect(printed).toEqual(["W It leaks. Mend it.", "W It leaks. Mend it."]);
  });

  it("annotates ten warnings and nine errors; the rest are lines, and the last error is left for the failure", () => {
    const { log, printed } = recordedLog();
    for (let each = 0; each < 12; each += 1) {
      log.finding({ ...warning, happened: `${each}.` });
      log.finding({ ...warning, code: "E", level: "error", happened: `${each}.` });
    }
    expect(printed.filter((line) => line.startsWith("W "))).toHaveLength(10);
    expect(printed.filter((line) => line.startsWith("E "))).toHaveLength(9);
    expect(printed).toContain("warning: W: 11.\nMend it.");
    expect(printed).toContain("error: E: 9.\nMend it.");
  });

  it("masks and neutralises lines, titles and findings", async () => {
    const { log, printed, masks } = recordedLog();
    masks.add("s3cret-key");
    await log.group("##[group]s3cret-key", async () => log.info("::error::s3cret-key"));
    log.debug("s3cret-key");
    log.finding({ ...warning, happened: "::x::s3cret-key", next: "##[y]" });
    const text = printed.join("\n");
    expect(text).not.toContain("s3cret-key");
    expect(text).not.toMatch(/^::|##\[/m);
  });
});

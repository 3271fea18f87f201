import { afterEach, describe, expect, it, vi } from "vitest";
import type { Ending } from "../../../src/action/ending.ts";
import type { Block } from "../../../src/action/summary.ts";
import { createTerminalRunner, type TerminalRunner } from "../../../src/runner/terminal.ts";
import { terminalText, wrap } from "../../../src/runner/terminal-blocks.ts";

let runner: TerminalRunner | undefined;
let written = "";

afterEach(() => {
  runner?.cancellation.dispose();
  vi.useRealTimers();
});

function terminal(options: { tty?: boolean; verbose?: boolean; secrets?: readonly string[] } = {}): TerminalRunner {
  written = "";
  const screen = {
    isTTY: options.tty ?? false,
    columns: 60,
    write(text: string) {
      written += text;
    },
  };
  runner = createTerminalRunner(
    { inputs: { word: "x" }, env: {}, screen, verbose: options.verbose ?? false },
    options.secrets ?? [],
  );
  return runner;
}

const ending: Ending = {
  action: "release",
  outcome: "done",
  dryRun: false,
  headline: "Released 3 models.",
  failure: undefined,
  changes: [],
  blocks: [{ kind: "table", head: ["model", "url"], rows: [["point", "https://point.example.com"]] }],
};

describe("a terminal", () => {
  it("shows what the action has to say, then the headline; what the log told is not repeated", async () => {
    await terminal().conclude(ending);
    expect(written).toBe("\nmodel  url\npoint  https://point.example.com\n\nReleased 3 models.\n");
  });

  it("shows warnings and failures with their place, and never as workflow commands", () => {
    const { context, fail } = terminal();
    const at = { file: "eks-deploy.yaml", line: 3, column: 5 };
    context.log.finding({ code: "SPEC_TRAP", level: "warning", happened: "Odd.", next: "Quote it.", at });
    fail("SPEC_INVALID", "Wrong.\n::error::x", at);
    expect(written).toBe(
      "warning SPEC_TRAP eks-deploy.yaml:3:5\n  Odd.\n  Quote it.\nerror SPEC_INVALID eks-deploy.yaml:3:5\n  Wrong.\n  :\u200b:error::x\n",
    );
    expect(runner?.failed).toBe(true);
  });

  it("redraws one progress line, and clears it for the next line of the log", () => {
    vi.useFakeTimers();
    const { context } = terminal({ tty: true });
    const progress = (done: number) =>
      context.emit({ kind: "progress", task: "images", done, total: 4, unit: "items" });
    progress(0);
    vi.advanceTimersByTime(200);
    progress(1);
    context.log.info("next");
    expect(written).toMatch(/^\r\u001b\[2K.*images {2}25 %.*\r\u001b\[2Knext\n$/s);
  });

  it("masks secrets in everything, also in outputs", async () => {
    const { context, setOutput, outputs, conclude } = terminal({ secrets: ["s3cret-key"] });
    context.log.info("a s3cret-key");
    setOutput("said", "s3cret-key");
    await conclude({ ...ending, headline: "s3cret-key", blocks: [{ kind: "text", text: "s3cret-key" }] });
    expect(written + JSON.stringify(outputs)).not.toContain("s3cret-key");
  });

  it("shows lines for debugging only when asked", () => {
    terminal().context.log.debug("detail");
    expect(written).toBe("");
    terminal({ verbose: true }).context.log.debug("detail");
    expect(written).toBe("detail\n");
  });
});

describe("blocks on a terminal", () => {
  it("are plain text: details unfolded, no pictures, no markdown", () => {
    const blocks: Block[] = [
      { kind: "heading", text: "Release" },
      { kind: "text", text: "**Bold** and `code`." },
      { kind: "details", title: "Where the time went", blocks: [{ kind: "diagram", mermaid: "gantt" }] },
      { kind: "details", title: "More", blocks: [{ kind: "code", language: "bash", text: "curl x\n" }] },
    ];
    expect(terminalText(blocks, 80)).toBe("Release\n\nBold and code.\n\nMore\n\ncurl x");
  });

  it("wrap the widest columns of a table until it fits, and align numbers to the right", () => {
    const rows = [["point", "a long sentence that says what happened to this model", "12"]];
    const text = terminalText([{ kind: "table", head: ["model", "what", "ms"], rows, right: [2] }], 40);
    expect(text.split("\n").every((line) => line.length <= 40)).toBe(true);
    expect(text.split("\n")[0]).toMatch(/^model {2}what +ms$/);
    expect(text).toContain("a long sentence that says");
    expect(text).toMatch(/ 12$/m);
  });

  it("break a word that fits nowhere", () => {
    expect(wrap("ab abcdefghij", 4)).toEqual(["ab", "abcd", "efgh", "ij"]);
    expect(wrap("", 4)).toEqual([""]);
  });
});

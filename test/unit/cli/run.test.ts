import { afterAll, describe, expect, it } from "vitest";
import { commands } from "../../../src/cli/commands.ts";
import { removeFolder, rootCommands, rootInputs, run, stepInputs } from "./support.ts";

afterAll(removeFolder);

describe("the command line", () => {
  it("runs a command with inputs as options, and tells how it ended", async () => {
    const { code, stdout, stderr } = await run(["plan", "--word", "hello", "--loud"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Said plan HELLO.");
    expect(stdout).toMatch(/word {8,}key\nplan HELLO\n/);
    expect(stderr).toBe("");
  });

  it("takes a value after an equals sign, and a short name for the environment", async () => {
    const { stdout } = await run(["release", "--word=a=b", "--loud=false"]);
    expect(stdout).toContain("Said release a=b.");
    expect((await run(["release", "-e", "prod", "--word", "x"])).code).toBe(0);
  });

  it("fails with exit code 1, a code and the next step, and no workflow command", async () => {
    const { code, stdout } = await run(["smoke", "--word", "fail"]);
    expect(code).toBe(1);
    expect(stdout).toContain("error SPEAKER_HOARSE\n  No voice.\n  Drink tea.");
    expect(stdout).toContain("warning W\n  Mind the gap.\n  Step over it.");
    expect(stdout).not.toContain("::");
  });

  it.each([
    [["smok"], "Did you mean: eks-deploy smoke"],
    [["plan", "--wrod", "x"], "Did you mean --word?"],
    [["plan", "--word"], "Write --word hello"],
    [["plan", "hello"], "hello is neither an option nor its value."],
    [["plan", "--word", "a", "--word", "b"], "--word is given twice."],
    [["--word", "a"], "The command comes first."],
    [[], "Usage: eks-deploy <command>"],
    [["plan", "--command", "release"], "There is no option --command."],
    [["plan", "--api-key", "s3cret-value"], "--api-key env:NAME"],
    [["plan", "--api-key", "env:NOT_THERE"], "which is not set"],
  ])("refuses %j with exit code 2, on standard error", async (args, told) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(told);
  });

  it("reads a secret from the variable that is named, and shows it nowhere", async () => {
    const env = { KEY: "canary-77aa-value" };
    const { code, stdout } = await run(["plan", "--word", "canary-77aa-value", "--api-key", "env:KEY"], { env });
    expect(code).toBe(0);
    expect(stdout).not.toContain("canary-77aa-value");
    expect(stdout).toContain("***");
  });

  it("prints outputs as data with --json, and the log elsewhere", async () => {
    const { stdout, stderr } = await run(["plan", "--word", "hello", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      said: "plan hello",
      words: ["plan", "hello"],
      changed: false,
      changes: 0,
    });
    expect(stderr).toContain("Said plan hello.");
  });

  it("prints outputs with --json after a failure as well", async () => {
    const { code, stdout } = await run(["plan", "--word", "fail", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ headline: "Said plan fail." });
  });

  it("colours only where it writes to a terminal", async () => {
    expect((await run(["plan", "--word", "fail"])).stdout).not.toContain("\u001b");
    expect((await run(["plan", "--word", "fail"], { tty: true })).stdout).toContain("\u001b[");
  });
});

describe("help", () => {
  it("lists commands and single steps", async () => {
    const { code, stdout } = await run(["--help"]);
    expect(code).toBe(0);
    for (const word of ["plan", "smoke", "push-images", "spec init"]) expect(stdout).toContain(`  ${word}`);
    expect(stdout.split("\n").every((line) => line.length <= 120)).toBe(true);
  });

  it("of a command is made from the contract", async () => {
    const { stdout } = await run(["smoke", "--help"]);
    expect(stdout).toContain("--word <text>");
    expect(stdout).toContain("The word. Spec: aws.account.");
    expect(stdout).toContain("--api-key env:NAME");
    expect(stdout).toContain("-e, --environment <text>");
    expect(stdout).not.toContain("--command");
  });

  it("knows every command of the root action", () => {
    expect(rootCommands.filter((name) => !(name in commands))).toEqual([]);
  });

  it("lists every input of the root action under some command", () => {
    const of = new Set(Object.values(commands).flatMap(({ of, own = [] }) => [...of, ...own]));
    const shown = new Set([...of].flatMap((name) => stepInputs.get(name) ?? [name]));
    expect(rootInputs.filter((name) => name !== "command" && !shown.has(name))).toEqual([]);
  });

  it("gives the version", async () => {
    expect((await run(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

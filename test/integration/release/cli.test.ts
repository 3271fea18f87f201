import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleModels } from "../../../sandbox/sample/spec.ts";
import { release } from "../../../src/actions/release/index.ts";
import { runCli } from "../../../src/cli/run.ts";
import { addProduction, apiKey, openRoom, type Room } from "./room.ts";

const columns = 100;
let room: Room;
let [first, second] = ["", ""];

/** Two releases in `dev`, and an environment `production` on a cluster of its own. */
beforeAll(async () => {
  room = await openRoom();
  await addProduction(room, "dev");
  first = (await room.pass()).outputs["record-sha256"]!;
  second = (await room.pass({ versions: "point=2612", surge: "recreate" })).outputs["record-sha256"]!;
}, 120_000);
afterAll(() => room?.close());

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly last: string;
}

async function run(args: readonly string[], isTTY = false): Promise<Ran> {
  const told = { stdout: "", stderr: "" };
  const screen = (name: "stdout" | "stderr") => ({
    isTTY,
    columns,
    write(text: string) {
      told[name] += text;
    },
  });
  const temp = join(room.folder, "cli");
  mkdirSync(temp, { recursive: true });
  const env = {
    ...room.world.env,
    PATH: `${room.world.tools}:${process.env["PATH"]}`,
    HOME: room.folder,
    USER: "ann",
    GITHUB_WORKSPACE: room.folder,
    RUNNER_TEMP: temp,
    KEY: apiKey,
  };
  const io = { stdout: screen("stdout"), stderr: screen("stderr"), env, folder: room.folder };
  const code = await runCli(args, async () => release, io);
  const { stdout, stderr } = told;
  expect(stdout + stderr).not.toContain(apiKey);
  return { code, stdout, stderr, last: stripVTControlCharacters(stdout).trimEnd().split("\n").at(-1) ?? "" };
}

/** What a proof needs beside the command. */
function proof(host = "dev.example.com"): readonly string[] {
  const address = `127.0.0.1:${room.world.balancerPort}`;
  const resolve = sampleModels.map(({ key }) => `${key}.${host}=${address}`).join("\n");
  const authority = join(room.folder, "authority.pem");
  return ["--api-key", "env:KEY", "--resolve", resolve, "--ca-certificate", authority, "--samples", "1"];
}

/** Lines that are wider than the terminal, but for words that cannot be broken. */
function tooWide(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.length > columns && line.trim().split(/ +/).length > 1);
}

describe("the commands of the root action on a terminal", { timeout: 120_000 }, () => {
  it("status says what runs, from which record, and what can be restored", async () => {
    const { code, stdout, stderr, last } = await run(["status", "-e", "dev"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(last).toMatch(new RegExp(`^inference \\(dev\\) runs revision 2 for .*, record ${second.slice(0, 12)}\\.$`));
    expect(stdout).toContain("2 proven revisions");
    expect(tooWide(stdout)).toEqual([]);
  });

  it("diagnose finds nothing wrong with what is well", async () => {
    const { code, last } = await run(["diagnose", "-e", "dev"]);
    expect({ code, last }).toEqual({ code: 0, last: "inference in poolside-models is healthy: 3 workloads ready." });
  });

  it("smoke proves the models", async () => {
    const { code, last, stdout } = await run(["smoke", "-e", "dev", ...proof()]);
    expect({ code, last }).toEqual({ code: 0, last: "inference (dev): smoke test passed." });
    expect(stdout).toMatch(/\n✅ +point +point\.dev\.example\.com/);
    expect(stdout).toMatch(/\npoint +[▁-█]{3} {2}/);
  });

  it("record diff says what two records say differently", async () => {
    const { code, stdout } = await run(["record", "diff", first, second, "-e", "dev"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^ +record ${first.slice(0, 12)} +record ${second.slice(0, 12)}\n`));
    expect(stdout).toMatch(/\nvalues +[0-9a-f]{12} +[0-9a-f]{12}\n/);
    expect(tooWide(stdout)).toEqual([]);
  });

  it("rollback goes back to a named record, and says so", async () => {
    const { code, last, stdout } = await run([
      "rollback",
      "-e",
      "dev",
      "--from-record",
      first,
      "--surge",
      "recreate",
      ...proof(),
    ]);
    expect(code, stdout).toBe(0);
    expect(last).toBe(`Rolled inference (dev) back to what ${first.slice(0, 12)} proved, as revision 3: proven again.`);
  });

  it("promote brings what is proven to another environment", async () => {
    const { code, last, stdout } = await run(["promote", "--to", "production", ...proof("example.com")]);
    expect(code, stdout).toBe(0);
    expect(last).toMatch(/^Promoted 3 models from dev to inference \(production\), revision 1/);
    expect(stdout).toContain("Proof: both sides hold the same bytes");
  });

  it("prune says of every version who needs it", async () => {
    const { code, last, stdout } = await run(["prune", "-e", "dev", "--keep-records", "1", "--dry-run"]);
    expect({ code, last }).toEqual({ code: 0, last: "Nothing to prune: 4 versions are kept." });
    expect(stdout).toContain("the spec of dev");
    expect(tooWide(stdout)).toEqual([]);
  });

  it("remove wants to be confirmed, then takes the release away", async () => {
    const refused = await run(["remove", "-e", "dev"]);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(/error RELEASE_REMOVE_CONFIRM\n {2}\S/);
    const { code, last, stdout } = await run(["remove", "-e", "dev", "--confirm", "inference/poolside"]);
    expect(code, stdout).toBe(0);
    expect(last).toMatch(/^Removed inference of poolside: \d+ things deleted; \d+ things kept\.$/);
    const after = await run(["status", "-e", "dev"]);
    expect(after).toMatchObject({ code: 0, last: "inference (dev) is not installed." });
  });

  it("colours only on a terminal, and data are JSON on standard output, the rest on standard error", async () => {
    const coloured = await run(["status", "-e", "production"], true);
    expect(coloured.stdout).toContain("\u001b[1m");
    expect((await run(["status", "-e", "production"])).stdout).not.toContain("\u001b");
    const json = await run(["status", "-e", "production", "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ revision: 1, result: { state: "deployed", drift: [] } });
    expect(json.stderr).toContain("inference (production) runs revision 1");
  });

  it("a failure ends with 1 and what to do next", async () => {
    const { code, stdout } = await run(["status", "-e", "production", "--cluster", "nowhere"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/error CLUSTER_NOT_FOUND\n {2}\S.*\n {2}\S/);
  });
});

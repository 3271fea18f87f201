/**
 * Proves the product on software that others wrote: `npm run e2e -- [layer ...] [--report=<file>]`. Installs what it needs; ends with a table, and
 * leaves the counts of all layers in the file.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { type Layer, layers, obstacle } from "./layers.ts";
import { type Result, tableOf, totalOf, type VitestReport } from "./table.ts";

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const say = (line: string) => void process.stdout.write(`${line}\n`);

const { positionals: asked, values } = parseArgs({ allowPositionals: true, options: { report: { type: "string" } } });
const unknown = asked.filter((name) => !layers.some((layer) => layer.name === name));
if (unknown.length > 0) {
  say(`There is no layer ${unknown.join(", ")}. Layers: ${layers.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}

let interrupted = false;
const results: Result[] = [];
for (const layer of layers.filter(({ name }) => asked.length === 0 || asked.includes(name)))
  if (!interrupted) results.push(await resultOf(layer));
say(`\n${tableOf(results)}`);
if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(totalOf(results))}\n`);
process.exitCode = results.some((result) => result.failed > 0 || result.broken !== undefined) || interrupted ? 1 : 0;

/** Installs what a layer needs and runs its tests. */
async function resultOf(layer: Layer): Promise<Result> {
  const started = performance.now();
  const software = layer.software.map(({ name, version }) => `${name} ${version}`);
  const empty = { layer: layer.name, software, passed: 0, failed: 0, skipped: 0, setup: 0, seconds: 0 };
  const reason = obstacle(layer);
  if (reason !== undefined) {
    say(`${layer.name}: skipped: it ${reason}.`);
    return { ...empty, cannotRun: reason };
  }
  try {
    for (const { name, version, get } of layer.software) {
      say(`${layer.name}: ${name} ${version}`);
      await get();
    }
    const setup = (performance.now() - started) / 1000;
    const report = await runTests(layer);
    const seconds = (performance.now() - started) / 1000 - setup;
    return {
      ...empty,
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: report.numPendingTests + report.numTodoTests,
      setup,
      seconds,
      ...(report.success ? {} : { broken: "a test or its preparation failed" }),
    };
  } catch (error) {
    const broken = error instanceof Error ? error.message : String(error);
    say(broken);
    return { ...empty, broken: broken.split("\n")[0]! };
  }
}

async function runTests({ name, network: create }: Layer): Promise<VitestReport> {
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-e2e-"));
  const file = join(folder, "report.json");
  const network = await create?.();
  const [program, ...args] = [
    ...(network?.enter ?? []),
    ...[process.execPath, vitest, "run", "--config", join(import.meta.dirname, "vitest.config.ts")],
    ...["--project", name, "--reporter=verbose", "--reporter=json", `--outputFile.json=${file}`],
  ] as [string, ...string[]];
  const child = spawn(program, args, { stdio: "inherit" });
  const pass = (signal: NodeJS.Signals) => {
    interrupted = true;
    child.kill(signal);
  };
  process.on("SIGINT", pass).on("SIGTERM", pass);
  await new Promise<void>((resolve) => child.once("close", () => resolve()));
  process.off("SIGINT", pass).off("SIGTERM", pass);
  await network?.close();
  try {
    return JSON.parse(readFileSync(file, "utf8")) as VitestReport;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

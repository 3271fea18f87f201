/**
 * Proves the product on software that others wrote: `npm run e2e -- [layer ...] [--report=<file>]`. Installs what it needs; ends with a table, and
 * leaves the counts of all layers in the file.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { type Enclosed, startEnclosed } from "./enclosure.ts";
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

/** The first Ctrl-C ends all that was started and gives back what was taken of the machine; what is being installed appears whole or not at all. */
const leave = () => process.exit(130);
let interrupt: () => void = leave;
let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupt());

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

async function runTests({ name, machine: open }: Layer): Promise<VitestReport> {
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-e2e-"));
  const file = join(folder, "report.json");
  const command = [
    ...[process.execPath, vitest, "run", "--config", join(import.meta.dirname, "vitest.config.ts")],
    ...["--project", name, "--reporter=verbose", "--reporter=json", `--outputFile.json=${file}`],
  ];
  let tests: Enclosed | undefined;
  interrupt = () => {
    interrupted = true;
    tests?.end();
  };
  const machine = await open?.();
  try {
    // What a test that was cut off has left lies in the folder, too.
    if (!interrupted) tests = startEnclosed(command, { ...machine, env: { TMPDIR: folder } });
    await tests?.ended;
    if (interrupted) throw new Error("interrupted");
    return JSON.parse(readFileSync(file, "utf8")) as VitestReport;
  } finally {
    await machine?.close();
    rmSync(folder, { recursive: true, force: true });
    interrupt = leave;
  }
}

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startEnclosed } from "./enclosure.ts";
import { type Layer, obstacle } from "./layers.ts";
import type { Machine } from "./node/machine.ts";
import { keepOutput } from "./output.ts";
import type { Result, VitestReport } from "./table.ts";

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
/** How often a layer that is not seen at work tells where it is. */
const minute = 60_000;

export interface LayerRun {
  readonly say: (line: string) => void;
  /** Ends it: what it took of the machine is given back, and it counts as failed. */
  readonly signal: AbortSignal;
  /** Its tests are seen at work; else they are shown when they have ended, in one piece. */
  readonly live: boolean;
}

/** Installs what a layer needs and runs its tests. */
export async function runLayer(layer: Layer, run: LayerRun): Promise<Result> {
  const { say, signal } = run;
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
      await unlessAborted(signal, get());
    }
    const setup = (performance.now() - started) / 1000;
    const report = await runTests(layer, run);
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
    const broken = signal.aborted ? "interrupted" : error instanceof Error ? error.message : String(error);
    say(`${layer.name}: ${broken}`);
    return { ...empty, broken: broken.split("\n")[0]! };
  }
}

/** Does not wait for what cannot be ended: it ends with this process. */
function unlessAborted(signal: AbortSignal, work: Promise<unknown>): Promise<unknown> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

async function runTests(
  { name, files = 1, machine: open }: Layer,
  { say, signal, live }: LayerRun,
): Promise<VitestReport> {
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-e2e-"));
  const file = join(folder, "report.json");
  const command = [
    ...[process.execPath, vitest, "run", "--config", join(import.meta.dirname, "vitest.config.ts")],
    ...[
      "--maxWorkers",
      String(files),
      "--project",
      name,
      "--reporter=verbose",
      "--reporter=json",
      `--outputFile.json=${file}`,
    ],
  ];
  let machine: Machine | undefined;
  try {
    machine = await open?.(() => say(`${name}: waits for another run of it on this machine`), signal);
    signal.throwIfAborted();
    say(`${name}: its tests begin`);
    const output = live ? undefined : keepOutput(join(folder, "output"));
    // What a test that was cut off has left lies in the folder, too.
    const tests = startEnclosed(command, {
      ...machine,
      env: { TMPDIR: folder },
      ...(output ? { output: output.descriptor } : {}),
    });
    signal.addEventListener("abort", tests.end, { once: true });
    let minutes = 0;
    const progress = setInterval(() => {
      minutes += 1;
      if (output) say(`${name}, after ${minutes} min: ${output.last()}`);
    }, minute);
    await tests.ended;
    clearInterval(progress);
    signal.removeEventListener("abort", tests.end);
    if (output) say(`\n${name}:\n${output.take()}`);
    signal.throwIfAborted();
    return JSON.parse(readFileSync(file, "utf8")) as VitestReport;
  } finally {
    await machine?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

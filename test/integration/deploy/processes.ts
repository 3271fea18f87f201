import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inject } from "vitest";
import type { Bench } from "./cluster.ts";
import type { ProcessJob } from "./deploy-process.ts";

const script = inject("bundles")["deploy-process"];

/** What a run in a process of its own has told until it ended. */
export interface Ended {
  readonly remembered: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly failures: readonly { code: string; message: string }[];
  readonly lines: readonly string[];
  readonly findings: readonly { code: string; happened: string }[];
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Runs helm-deploy (or its post step, with `remembered`) in a process group of its own, on a clock that runs in step with the bench's. */
export function startProcess(
  bench: Bench,
  clock: ProcessJob["clock"],
  models: Parameters<Bench["deploy"]>[0],
  over: Partial<ProcessJob> = {},
): Started {
  const folder = mkdtempSync(join(bench.folder, "process-"));
  const job: ProcessJob = {
    inputs: bench.inputs(models),
    temp: folder,
    workspace: bench.folder,
    path: dirname(bench.helm),
    clock,
    run: { url: `https://github.com/acme/models/actions/runs/${Math.round(performance.now())}`, id: "1" },
    ...over,
  };
  writeFileSync(join(folder, "job.json"), JSON.stringify(job));
  const child = spawn(process.execPath, [script, join(folder, "job.json")], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise<Ended>((done) => {
    child.once("close", () => {
      const parts = text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Partial<Ended>);
      const remembered = Object.assign({}, ...parts.map((part) => part.remembered ?? {}));
      done({ outputs: {}, failures: [], lines: [], findings: [], ...parts.at(-1), remembered });
    });
  });
  return { child, ended };
}

/** Ends a run and its helm at once. */
export function kill(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Kills a run as it sends its first request that `operation` describes; the request itself still arrives. */
export async function killAt(
  bench: Bench,
  clock: ProcessJob["clock"],
  models: Parameters<Bench["deploy"]>[0],
  operation: RegExp,
  over: Partial<ProcessJob> = {},
): Promise<Ended> {
  let child: ChildProcess | undefined;
  bench.faults.add({
    service: "kubernetes",
    operation,
    effect: { kind: "hook", run: () => (child ? kill(child) : undefined) },
  });
  const started = startProcess(bench, clock, models, over);
  child = started.child;
  const ended = await started.ended;
  bench.faults.clear();
  return ended;
}

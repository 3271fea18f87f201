import type { LogBook } from "../logs.ts";
import type { Container } from "../types.ts";
import { fieldPath } from "./containers.ts";
import { checkpointFiles, downloadRequest } from "./downloader.ts";
import type { ModelProcess } from "./kubelet.ts";
import type { PodRun } from "./pod-run.ts";

type Log = ReturnType<LogBook["start"]>;

/** How a process ended. */
export interface Exit {
  readonly code: number;
  readonly reason?: "OOMKilled";
}

/** Durations of a first start, as a person would wait for them. */
const downloadMilliseconds = 120_000;
const loadMilliseconds = 60_000;
const plainInitMilliseconds = 1000;
const plainStartMilliseconds = 500;
const steps = 10;

/** The init container: fetches the checkpoint, or ends with code 1 and the reason in its log. */
export async function runDownloader(
  run: PodRun,
  container: Container,
  env: ReadonlyMap<string, string>,
  log: Log,
): Promise<Exit> {
  const pod = run.live();
  if (!pod) return { code: 143 };
  const say = (text: string) => log.write(run.context.now(), text);
  const crash = run.parts.troubles.strike("init-crash", pod);
  if (crash) {
    for (const line of crash.lines ?? ["ERROR model-downloader: unexpected end of stream"]) say(line);
    return { code: 1 };
  }
  const request = downloadRequest(pod, container, env);
  if (!request) {
    await run.context.sleep(plainInitMilliseconds);
    return { code: 0 };
  }
  say(`INFO model-downloader: syncing ${request.prefix} to /models`);
  const answer = await run.parts.services.download(request);
  if (answer.kind === "refused") {
    say(`ERROR model-downloader: ${answer.message}`);
    return { code: 1 };
  }
  const files = checkpointFiles(request.prefix, answer.objects);
  if (!files.some(({ key }) => key.endsWith(".safetensors"))) {
    say(
      `INFO model-downloader: ${answer.objects.length} objects below ${request.prefix}, ${files.length} checkpoint files`,
    );
    say(`ERROR model-downloader: no checkpoint files synced from ${request.prefix}`);
    return { code: 1 };
  }
  return transfer(
    run,
    files.length,
    files.reduce((sum, { size }) => sum + size, 0),
    say,
  );
}

async function transfer(run: PodRun, count: number, bytes: number, say: (text: string) => void): Promise<Exit> {
  const pod = run.live();
  const slow = pod && run.parts.troubles.strike("slow-download", pod);
  const stall = pod && run.parts.troubles.strike("download-stalls", pod);
  const gib = (part: number) => `${((bytes * part) / 2 ** 30).toFixed(1)} GiB`;
  for (let step = 1; step <= steps; step += 1) {
    await run.context.sleep((downloadMilliseconds / steps) * (slow?.factor ?? 1));
    if (!run.live()) return { code: 143 };
    if (stall && step / steps > stall.at) return new Promise(() => {});
    say(`INFO model-downloader: ${Math.round((step / steps) * 100)}% ${gib(step / steps)} of ${gib(1)}`);
  }
  say(`INFO model-downloader: ${count} files synced`);
  return { code: 0 };
}

/** A serving container: loads, becomes ready, and runs until the pod ends (then the promise stays pending) or it crashes. */
export async function runServer(
  run: PodRun,
  container: Container,
  process: ModelProcess | undefined,
  log: Log,
): Promise<Exit> {
  const say = (text: string) => log.write(run.context.now(), text);
  if (!container.readinessProbe && !process) {
    await run.context.sleep(run.live()?.metadata.namespace === "kube-system" ? 0 : plainStartMilliseconds);
    markReady(run, container, true);
    return new Promise(() => {});
  }
  const exit = await load(run, container, say);
  if (exit) return exit;
  process?.loaded();
  run.writeContainer(container.name, (status) => {
    status.started = true;
  });
  await probe(run, container, process);
  return new Promise(() => {});
}

async function load(run: PodRun, container: Container, say: (text: string) => void): Promise<Exit | undefined> {
  const pod = run.live();
  if (!pod) return { code: 143 };
  const system = pod.metadata.namespace === "kube-system";
  const oom = run.parts.troubles.strike("oom", pod);
  const crash = run.parts.troubles.strike("crash", pod);
  if (!system) say("INFO [api_server.py:1772] vLLM API server version 0.32.0");
  for (let step = 1; step <= 4; step += 1) {
    await run.context.sleep(system ? 0 : loadMilliseconds / 4);
    if (!run.live()) return { code: 143 };
    if (step === 2 && oom) return { code: 137, reason: "OOMKilled" };
    if (step === 2 && crash) {
      for (const line of crash.lines ?? ["ValueError: The model does not fit the available GPU memory."]) say(line);
      return { code: 1 };
    }
    if (!system) say(`Loading safetensors checkpoint shards:  ${step * 25}% Completed | ${step}/4`);
  }
  if (!system) say(`INFO:     Application startup complete. (${container.name})`);
  return undefined;
}

/** The readiness probe, on its period, for as long as the pod lives. */
async function probe(run: PodRun, container: Container, process: ModelProcess | undefined): Promise<void> {
  const period = (container.readinessProbe?.periodSeconds ?? 10) * 1000;
  for (;;) {
    const pod = run.live();
    if (!pod) return;
    const well = (process?.healthy() ?? true) && !run.parts.troubles.strike("never-ready", pod);
    markReady(run, container, well);
    if (!well) {
      const message = "Readiness probe failed: HTTP probe failed with statuscode: 503";
      run.tell({ type: "Warning", reason: "Unhealthy", message, fieldPath: fieldPath(pod, container) });
    }
    await run.context.sleep(period);
  }
}

function markReady(run: PodRun, { name }: Container, ready: boolean): void {
  run.writeContainer(name, (status) => {
    status.ready = ready;
    status.started = true;
  });
}

import type { LogBook } from "../logs.ts";
import type { Container } from "../types.ts";
import { checkpointFiles, downloadRequest } from "./downloader.ts";
import type { ModelProcess } from "./node-services.ts";
import { startupProbe, watchHealth } from "./probes.ts";
import type { Exit, RunningPod } from "./running-pod.ts";

type Log = ReturnType<LogBook["start"]>;

/** Durations of a first start, as a person would wait for them. */
const downloadMilliseconds = 120_000;
const loadMilliseconds = 60_000;
const plainInitMilliseconds = 1000;
const plainStartMilliseconds = 500;
const steps = 10;
const loadSteps = 4;

/** The init container: fetches the checkpoint, or ends with code 1 and the reason in its log. */
export async function runDownloader(
  run: RunningPod,
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

async function transfer(run: RunningPod, count: number, bytes: number, say: (text: string) => void): Promise<Exit> {
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

/** A serving container: loads, becomes ready, and runs until it crashes or a probe ends it (else the promise stays pending). */
export async function runServer(
  run: RunningPod,
  container: Container,
  process: ModelProcess | undefined,
  log: Log,
): Promise<Exit> {
  if (!process?.loads) {
    await run.context.sleep(run.live()?.metadata.namespace === "kube-system" ? 0 : plainStartMilliseconds);
    process?.loaded();
    return watchHealth(run, container, process ?? steady);
  }
  let ended = false;
  const say = (text: string) => {
    if (!ended) log.write(run.context.now(), text);
  };
  const loading = load(run, container, say);
  const exit = await Promise.race([
    loading,
    startupProbe(run, container, () => ended).then((killed) => killed ?? loading),
  ]);
  ended = true;
  if (exit) return exit;
  process.loaded();
  return watchHealth(run, container, process);
}

/** What a process that nobody models does. */
const steady: ModelProcess = { loads: false, loaded: () => undefined, healthy: () => true, stop: () => undefined };

async function load(run: RunningPod, container: Container, say: (text: string) => void): Promise<Exit | undefined> {
  const pod = run.live();
  if (!pod) return { code: 143 };
  const oom = run.parts.troubles.strike("oom", pod);
  const crash = run.parts.troubles.strike("crash", pod);
  const stall = run.parts.troubles.strike("load-stalls", pod);
  say("INFO [api_server.py:1772] vLLM API server version 0.32.0");
  for (let step = 1; step <= loadSteps; step += 1) {
    await run.context.sleep(loadMilliseconds / loadSteps);
    if (!run.live()) return { code: 143 };
    if (step === loadSteps / 2 && stall) return new Promise(() => {});
    if (step === loadSteps / 2 && oom) return { code: 137, reason: "OOMKilled" };
    if (step === loadSteps / 2 && crash) {
      for (const line of crash.lines ?? ["ValueError: The model does not fit the available GPU memory."]) say(line);
      return { code: 1 };
    }
    say(`Loading safetensors checkpoint shards:  ${(step * 100) / loadSteps}% Completed | ${step}/${loadSteps}`);
  }
  say(`INFO:     Application startup complete. (${container.name})`);
  return undefined;
}

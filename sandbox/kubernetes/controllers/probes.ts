import type { Container, Probe } from "../types.ts";
import { fieldPath } from "./containers.ts";
import type { ModelProcess } from "./node-services.ts";
import type { Exit, RunningPod } from "./running-pod.ts";

/** A container that was told to end by its kubelet. */
const killed: Exit = { code: 143 };

/** Fails until `ended` says that the process answers; with the last allowed failure the container is restarted. Pending for ever without a startup probe. */
export async function startupProbe(
  run: RunningPod,
  container: Container,
  ended: () => boolean,
): Promise<Exit | undefined> {
  const { startupProbe: probe } = container;
  if (!probe) return new Promise(() => {});
  for (let failures = 1; ; failures += 1) {
    await run.context.sleep(period(probe));
    const pod = run.live();
    if (!pod || ended()) return undefined;
    unhealthy(
      run,
      container,
      `Startup probe failed: Get "http://${pod.status.podIP}:8000${probe.httpGet?.path ?? "/"}": dial tcp ${pod.status.podIP}:8000: connect: connection refused`,
    );
    if (failures >= (probe.failureThreshold ?? 3)) return restart(run, container, "startup");
  }
}

/** Readiness and liveness, for as long as the container runs; ends with a container that its liveness probe kills. */
export async function watchHealth(run: RunningPod, container: Container, process: ModelProcess): Promise<Exit> {
  return Promise.race([readiness(run, container, process), liveness(run, container, process)]);
}

async function readiness(run: RunningPod, container: Container, process: ModelProcess): Promise<Exit> {
  const { readinessProbe: probe } = container;
  for (;;) {
    const pod = run.live();
    if (!pod) return killed;
    const well = process.healthy() && !run.parts.troubles.strike("never-ready", pod);
    run.writeContainer(container.name, (status) => {
      status.ready = well || !probe;
      status.started = true;
    });
    if (!well && probe) unhealthy(run, container, "Readiness probe failed: HTTP probe failed with statuscode: 503");
    await run.context.sleep(period(probe ?? {}));
  }
}

async function liveness(run: RunningPod, container: Container, process: ModelProcess): Promise<Exit> {
  const { livenessProbe: probe } = container;
  if (!probe) return new Promise(() => {});
  for (let failures = 0; ; ) {
    await run.context.sleep(period(probe));
    if (!run.live()) return killed;
    failures = process.healthy() ? 0 : failures + 1;
    if (failures > 0) unhealthy(run, container, "Liveness probe failed: HTTP probe failed with statuscode: 503");
    if (failures >= (probe.failureThreshold ?? 3)) return restart(run, container, "liveness");
  }
}

function unhealthy(run: RunningPod, container: Container, message: string): void {
  const pod = run.live();
  if (pod) run.tell({ type: "Warning", reason: "Unhealthy", message, fieldPath: fieldPath(pod, container) });
}

function restart(run: RunningPod, container: Container, probe: "startup" | "liveness"): Exit {
  const pod = run.live();
  const message = `Container ${container.name} failed ${probe} probe, will be restarted`;
  if (pod) run.tell({ type: "Normal", reason: "Killing", message, fieldPath: fieldPath(pod, container) });
  return killed;
}

function period({ periodSeconds = 10 }: Probe): number {
  return periodSeconds * 1000;
}

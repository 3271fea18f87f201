import { Readable } from "node:stream";
import type { Call } from "../http.ts";
import { badRequest } from "./status.ts";
import type { Container, ContainerStatus, Pod } from "./types.ts";

interface Line {
  readonly at: number;
  readonly text: string;
}

/** What one run of a container printed. */
class ContainerLog {
  readonly lines: Line[] = [];
  ended = false;
  private readonly followers = new Set<(line: Line | undefined) => void>();

  write(at: number, text: string): void {
    const line = { at, text };
    this.lines.push(line);
    for (const tell of this.followers) tell(line);
  }

  end(): void {
    this.ended = true;
    for (const tell of this.followers) tell(undefined);
  }

  follow(tell: (line: Line | undefined) => void): () => void {
    this.followers.add(tell);
    return () => this.followers.delete(tell);
  }
}

/** The logs that the kubelets keep: of each container the current run and the one before. */
export class LogBook {
  private readonly runs = new Map<string, ContainerLog[]>();

  /** Begins a new run of the container. */
  start(pod: Pod, container: string): ContainerLog {
    const key = `${pod.metadata.uid}/${container}`;
    const log = new ContainerLog();
    this.runs.set(key, [...(this.runs.get(key) ?? []).slice(-1), log]);
    return log;
  }

  /** The container's current run. */
  current(pod: Pod, container: string): ContainerLog | undefined {
    return this.runs.get(`${pod.metadata.uid}/${container}`)?.at(-1);
  }

  previous(pod: Pod, container: string): ContainerLog | undefined {
    return this.runs.get(`${pod.metadata.uid}/${container}`)?.at(-2);
  }

  /** The pod is gone: its followers end, its logs are lost. */
  forget(pod: Pod): void {
    for (const [key, logs] of this.runs) {
      if (!key.startsWith(`${pod.metadata.uid}/`)) continue;
      for (const log of logs) if (!log.ended) log.end();
      this.runs.delete(key);
    }
  }
}

/** Answers `GET pods/<name>/log`. */
export function logStream(book: LogBook, pod: Pod, { query, response }: Call, now: number): Readable {
  const container = chosenContainer(pod, query.get("container") ?? "");
  const log = chosenRun(book, pod, container, query.get("previous") === "true");
  const timestamps = query.get("timestamps") === "true";
  const show = ({ at, text }: Line) =>
    `${timestamps ? `${new Date(at).toISOString().slice(0, -1)}000000Z ` : ""}${text}\n`;
  let lines: readonly Line[] = log?.lines ?? [];
  const since = sinceOf(query, now);
  if (since !== undefined) lines = lines.filter((line) => line.at >= since);
  const tail = query.get("tailLines");
  if (tail !== null) lines = Number(tail) === 0 ? [] : lines.slice(-Number(tail));
  let text = lines.map(show).join("");
  const limit = query.get("limitBytes");
  if (limit !== null) text = Buffer.from(text).subarray(0, Number(limit)).toString();

  const stream = new Readable({ read() {} });
  if (text !== "") stream.push(text);
  if (query.get("follow") !== "true" || !log || log.ended) {
    stream.push(null);
    return stream;
  }
  const stop = log.follow((line) => stream.push(line === undefined ? null : show(line)));
  response.once("close", stop);
  return stream;
}

function sinceOf(query: URLSearchParams, now: number): number | undefined {
  const time = query.get("sinceTime");
  const seconds = query.get("sinceSeconds");
  if (time !== null) return Date.parse(time);
  return seconds === null ? undefined : now - Number(seconds) * 1000;
}

function chosenContainer(pod: Pod, wanted: string): Container {
  const main = pod.spec.containers;
  const init = pod.spec.initContainers ?? [];
  const found = wanted === "" && main.length === 1 ? main[0] : [...main, ...init].find(({ name }) => name === wanted);
  if (found) return found;
  if (wanted !== "") throw badRequest(`container ${wanted} is not valid for pod ${pod.metadata.name}`);
  const names = (list: readonly Container[]) => `[${list.map(({ name }) => name).join(" ")}]`;
  const others = init.length > 0 ? ` or one of the init containers: ${names(init)}` : "";
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: ${names(main)}${others}`,
  );
}

function chosenRun(book: LogBook, pod: Pod, { name }: Container, previous: boolean) {
  const where = `container "${name}" in pod "${pod.metadata.name}"`;
  const status = statusOf(pod, name);
  if (previous) {
    // While a crashed container waits for its restart, its last run is the one before.
    const log = status?.state.waiting ? book.current(pod, name) : book.previous(pod, name);
    if (!log || !status?.lastState.terminated) throw badRequest(`previous terminated ${where} not found`);
    return log;
  }
  const reason = status?.state.waiting?.reason;
  if (reason === "ErrImagePull" || reason === "ImagePullBackOff") {
    throw badRequest(`${where} is waiting to start: trying and failing to pull image`);
  }
  const log = book.current(pod, name);
  if (!log || !status) throw badRequest(`${where} is waiting to start: ${reason ?? "ContainerCreating"}`);
  return log;
}

function statusOf(pod: Pod, container: string): ContainerStatus | undefined {
  return [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])].find(
    ({ name }) => name === container,
  );
}

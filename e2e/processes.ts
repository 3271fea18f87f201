import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { withDeathSignal } from "./tools/run.ts";

/** A server in a process of its own. */
export interface Server {
  readonly name: string;
  readonly pid: number;
  /** What it printed so far. */
  output(): string;
  /** SIGTERM, and SIGKILL where it does not end within `patience` milliseconds (10 s). */
  stop(patience?: number): Promise<void>;
}

export interface ServerOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it serves; asked every 50 ms for up to `patience` milliseconds (30 s). */
  readonly ready: () => Promise<boolean>;
  readonly patience?: number;
}

/** Starts a server and waits until it serves. Fails with its last lines when it ends or stays silent; it never outlives this process. */
export async function startServer(
  name: string,
  command: readonly [string, ...string[]],
  options: ServerOptions,
): Promise<Server> {
  const [program, ...args] = withDeathSignal(command);
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/", ...options.env },
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text = (text + chunk).slice(-100_000);
    });
  let broken: Error | undefined;
  child.once("error", (error) => {
    broken = error;
  });
  const last = () => child.kill("SIGKILL");
  process.once("exit", last);
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      process.removeListener("exit", last);
      resolve();
    });
  });
  const server: Server = {
    name,
    pid: child.pid ?? 0,
    output: () => text,
    stop: (patience = 10_000) => stop(child, ended, patience),
  };
  const deadline = Date.now() + (options.patience ?? 30_000);
  while (!(await options.ready().catch(() => false))) {
    const gone = broken ?? (child.exitCode !== null || child.signalCode !== null);
    if (gone || Date.now() > deadline) {
      await server.stop(1_000);
      throw new Error(`${name} did not start: ${gone ? "it ended" : "no answer"}\n${text.slice(-2_000)}`);
    }
    await sleep(50);
  }
  return server;
}

async function stop(child: ChildProcess, ended: Promise<void>, patience: number): Promise<void> {
  if (child.pid === undefined) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), patience);
  await ended;
  clearTimeout(timer);
}

/** So many free ports of 127.0.0.1. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Whether an HTTP server answers with a status below 500. */
export async function answers(url: string): Promise<boolean> {
  return (await fetch(url, { redirect: "manual" })).status < 500;
}

/** Whether something takes connections at a port of 127.0.0.1. */
export function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
}

import { spawn } from "node:child_process";
import type { Context } from "../action/context.ts";
import { Cancelled } from "../errors.ts";

/** How a child process ended; output is data, cut at `largest`. */
export interface ProcessResult {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const largest = 64 * 1024 * 1024;
/** From SIGTERM to SIGKILL: within the 7.5 s that GitHub leaves between its own two signals. */
const patience = 6_000;

/** Runs a program with exactly the given environment. The context's signal ends it: SIGTERM, then SIGKILL; what was under way is then `Cancelled`. */
export function run(
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  ctx: Context,
): Promise<ProcessResult> {
  if (ctx.signal.aborted) return Promise.reject(new Cancelled());
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const out = collect(child.stdout);
    const err = collect(child.stderr);
    let killer: NodeJS.Timeout | undefined;
    const stop = () => {
      child.kill("SIGTERM");
      killer = setTimeout(() => child.kill("SIGKILL"), patience);
    };
    ctx.signal.addEventListener("abort", stop, { once: true });
    const finish = () => {
      clearTimeout(killer);
      ctx.signal.removeEventListener("abort", stop);
    };
    child.on("error", (thrown) => {
      finish();
      reject(thrown);
    });
    // A program that it started may hold the pipes open; after a cancel nobody waits for that one.
    child.on("exit", () => {
      if (!ctx.signal.aborted) return;
      child.stdout.destroy();
      child.stderr.destroy();
    });
    child.on("close", (code) => {
      finish();
      // Done is done: a process that ended well before the signal reached it has carried its work out.
      if (ctx.signal.aborted && code !== 0) reject(new Cancelled());
      else resolve({ code, stdout: out(), stderr: err() });
    });
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    if (size < largest) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString("utf8");
}

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** What the kernel accounted for a command and its children. */
export interface Measured {
  /** Exit status; -1 where a signal ended it. */
  readonly status: number;
  /** Seconds on the clock. */
  readonly wall: number;
  /** Seconds of processor time, user and system. */
  readonly cpu: number;
  /** Peak of resident memory of the largest process, bytes. */
  readonly memory: number;
  /** Bytes that were written to a disk. */
  readonly written: number;
}

export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs a command to its end through the stop-watch program `server`; fails with its last lines where it does. What it prints goes to `log`. */
export async function measure(server: string, command: Command, log: string): Promise<Measured> {
  const child = spawn(server, ["measure", "-log", log, "--", ...command.argv], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/", ...command.env },
    ...(command.cwd ? { cwd: command.cwd } : {}),
  });
  const last = () => child.kill("SIGTERM");
  process.once("exit", last);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await new Promise((resolve, reject) => child.once("close", resolve).once("error", reject));
  process.off("exit", last);
  const measured = JSON.parse(text) as Measured;
  if (measured.status !== 0)
    throw new Error(
      `${command.argv.join(" ")} ended with status ${measured.status}:\n${readFileSync(log, "utf8").slice(-2_000)}`,
    );
  return measured;
}

/** Middle value, least and greatest. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, least: sorted[0]!, most: sorted.at(-1)! };
}

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
  /** Seconds of all processors that anything on the machine used meanwhile: the command, the servers, others. */
  readonly machine: number;
}

export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Runs a command to its end through the stop-watch program `server`; fails with its last lines where it does. What it prints goes to `log`. */
export async function measure(server: string, command: Command, log: string): Promise<Measured> {
  const before = busySeconds(readFileSync("/proc/stat", "utf8"));
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
  const measured = JSON.parse(text) as Omit<Measured, "machine">;
  if (measured.status !== 0) {
    const said = readFileSync(log, "utf8").trim().slice(-2_000);
    throw new Error(
      `status ${measured.status}: ${said.split("\n").at(-1) || "nothing was printed"}\n${command.argv.join(" ")}\n${said}`,
    );
  }
  return { ...measured, machine: busySeconds(readFileSync("/proc/stat", "utf8")) - before };
}

/** Seconds that all processors together were busy since the start of the machine, from /proc/stat (proc(5)): its first line counts hundredths of a second. */
export function busySeconds(stat: string): number {
  const [user, nice, system, , , irq, softirq] = stat
    .slice(0, stat.indexOf("\n"))
    .split(/\s+/)
    .slice(1)
    .map(Number) as [number, number, number, number, number, number, number];
  return (user + nice + system + irq + softirq) / 100;
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

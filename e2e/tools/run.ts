import { spawn, spawnSync } from "node:child_process";

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end, below the other work of the machine, and gives what it printed. Fails with its last lines. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await outcomeOf(program, args, options);
  if (result.status === 0) return result.stdout;
  const said = `${result.stdout}\n${result.stderr}`.trim().split("\n").slice(-15).join("\n");
  throw new Error(`${program} ${args.join(" ")} ended with status ${result.status}:\n${said}`);
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** As `run`, for a program that may fail. */
export function outcomeOf(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const [first, ...rest] = withDeathSignal(["nice", "-n", "10", program, ...args]);
    const child = spawn(first, rest, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
      ...(options.cwd ? { cwd: options.cwd } : {}),
    });
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => {
        texts[name] += text;
      });
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, ...texts }));
  });
}

/** Whether a program is on PATH. */
export function isInstalled(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v "$0"`, program], { stdio: "ignore" }).status === 0;
}

const setpriv = isInstalled("setpriv") ? ["setpriv", "--pdeathsig", "KILL"] : [];

/** A command that the kernel ends with this process, however this ends; what it starts in turn is on its own. */
export function withDeathSignal(command: readonly string[]): readonly [string, ...string[]] {
  return [...setpriv, ...command] as [string, ...string[]];
}

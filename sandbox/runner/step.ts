import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { layFiles, type RunnerFiles, readKeyValues } from "./files.ts";

/** One step of a job, started as GitHub's runner starts a JavaScript action. */
export interface Step {
  /** What runs the script; Node.js by default. */
  readonly program?: readonly [string, ...string[]];
  /** The script: `dist/<name>.js`. */
  readonly script: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** Variables beside the runner's own; nothing else is inherited but PATH and HOME. */
  readonly env: Readonly<Record<string, string>>;
  /** The job's folder: workspace and temp lie below it. */
  readonly job: string;
  /** State of main, for the post step. */
  readonly state?: Readonly<Record<string, string>>;
  /** Sees the process as soon as it runs (to send signals). */
  readonly onStart?: (child: ChildProcess) => void;
  /** Sees each line of the log as it comes, masked. */
  readonly onLine?: (line: string) => void;
}

/** How a step ended. */
export interface StepResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Standard output and error as they were written. */
  readonly raw: string;
  /** The log as a person sees it: commands taken out, masks applied. */
  readonly log: readonly string[];
  readonly annotations: readonly { readonly level: string; readonly properties: string; readonly message: string }[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly milliseconds: number;
}

/** Folder of the job's checkout; relative paths of inputs start from it. */
export function workspaceOf(job: string): string {
  return join(job, "work");
}

/** Runs a step to its end. */
export async function runStep(step: Step): Promise<StepResult> {
  const temp = join(step.job, "temp");
  for (const folder of [temp, workspaceOf(step.job)]) mkdirSync(folder, { recursive: true });
  const files = layFiles(step.job);
  const started = performance.now();
  const [program, ...args] = step.program ?? [process.execPath];
  const child = spawn(program, [...args, step.script], {
    cwd: workspaceOf(step.job),
    env: environment(step, files, temp),
    stdio: ["ignore", "pipe", "pipe"],
  });
  step.onStart?.(child);
  const console_ = new RunnerConsole(step.onLine);
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => console_.take(text));
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.once("close", (code, name) => resolve([code, name])),
  );
  console_.end();
  return {
    status,
    signal,
    raw: console_.raw,
    log: console_.lines,
    annotations: console_.annotations,
    outputs: readKeyValues(files.output),
    state: readKeyValues(files.state),
    summary: readFileSync(files.summary, "utf8"),
    milliseconds: performance.now() - started,
  };
}

function environment(step: Step, files: RunnerFiles, temp: string): Record<string, string> {
  const env: Record<string, string> = {
    PATH: process.env["PATH"] ?? "",
    HOME: process.env["HOME"] ?? temp,
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_WORKSPACE: workspaceOf(step.job),
    GITHUB_OUTPUT: files.output,
    GITHUB_STATE: files.state,
    GITHUB_STEP_SUMMARY: files.summary,
    GITHUB_ENV: files.environment,
    GITHUB_PATH: files.path,
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: "acme/models",
    GITHUB_RUN_ID: "4711",
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_ACTOR: "octocat",
    GITHUB_SHA: "0123456789abcdef0123456789abcdef01234567",
    RUNNER_TEMP: temp,
    RUNNER_TOOL_CACHE: join(step.job, "tools"),
    ...compileCache(),
    ...step.env,
  };
  for (const [name, value] of Object.entries(step.inputs)) env[`INPUT_${name.toUpperCase()}`] = value;
  for (const [name, value] of Object.entries(step.state ?? {})) env[`STATE_${name}`] = value;
  return env;
}

/** Where Node keeps what it compiled, if its parent keeps it: hundreds of steps that run from source would compile the same files. */
function compileCache(): Record<string, string> {
  const folder = process.env["NODE_COMPILE_CACHE"];
  return folder ? { NODE_COMPILE_CACHE: folder } : {};
}

/** What the runner does with a step's output: commands act, masks hold, the rest is the log. */
class RunnerConsole {
  raw = "";
  readonly lines: string[] = [];
  readonly annotations: { level: string; properties: string; message: string }[] = [];
  private readonly masks: string[] = [];
  private rest = "";
  private readonly onLine: ((line: string) => void) | undefined;

  constructor(onLine: ((line: string) => void) | undefined) {
    this.onLine = onLine;
  }

  take(text: string): void {
    this.raw += text;
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.line(line.replace(/\r$/, ""));
  }

  end(): void {
    if (this.rest !== "") this.line(this.rest);
  }

  private line(line: string): void {
    const command = /^\s*::([a-z-]+)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)$/.exec(line);
    if (!command) {
      this.show(line);
      return;
    }
    const [, name = "", properties = "", message = ""] = command;
    if (name === "add-mask") this.masks.push(unescaped(message));
    else if (name === "group") this.show(`▼ ${unescaped(message)}`);
    else if (["error", "warning", "notice"].includes(name)) {
      this.annotations.push({ level: name, properties, message: this.masked(unescaped(message)) });
      for (const part of unescaped(message).split("\n")) this.show(`${name === "error" ? "✗" : "!"} ${part}`);
    }
  }

  private show(line: string): void {
    const masked = this.masked(line);
    this.lines.push(masked);
    this.onLine?.(masked);
  }

  private masked(text: string): string {
    return this.masks.reduce((shown, mask) => shown.replaceAll(mask, "***"), text);
  }
}

function unescaped(text: string): string {
  return text
    .replaceAll("%0D", "\r")
    .replaceAll("%0A", "\n")
    .replaceAll("%3A", ":")
    .replaceAll("%2C", ",")
    .replaceAll("%25", "%");
}

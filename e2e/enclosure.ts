import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { withDeathSignal } from "./tools/run.ts";

/** Where a program runs that must leave nothing behind. */
export interface EnclosureOptions {
  /** Added to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the enclosure itself is started with, for a namespace of another kind. */
  readonly enter?: readonly string[];
  /** Folders that are empty inside, and that nobody outside sees change. */
  readonly folders?: readonly string[];
}

/** A program with all that it starts. */
export interface Enclosed {
  /** The program has ended, and everything that it started with it. */
  readonly ended: Promise<void>;
  /** Ends all of it at once; nothing, when it has ended. */
  end(): void;
}

/** The first is root's way, the second everybody's. */
const ways = [
  ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
  ["unshare", "--user", "--map-current-user", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
] as const;

const way = ways.find(([program, ...args]) => spawnSync(program, [...args, "true"], { stdio: "ignore" }).status === 0);

/**
 * Runs a program with process numbers and mounts of its own: when it ends, or this process does, the kernel ends what it started, however far that
 * has removed itself, and takes the mounts away. On a machine that permits no such namespaces only the program itself is ended.
 */
export function startEnclosed(command: readonly string[], options: EnclosureOptions = {}): Enclosed {
  const { enter = [], folders = [], env } = options;
  const cover = folders.map((each) => `mkdir -p ${each} && mount -t tmpfs tmpfs ${each} && `).join("");
  // The first process of a namespace must collect every orphan's end, as a shell does while it waits; `exit` keeps it from becoming the program.
  const inside = way ? [...way, "sh", "-c", `${cover}"$@"; exit`, "sh"] : [];
  const [program, ...args] = withDeathSignal([...enter, ...inside, ...command]);
  const child = spawn(program!, args, { stdio: "inherit", env: { ...process.env, ...env } });
  return {
    ended: new Promise((resolve) => child.once("close", () => resolve())),
    end: () => end(child),
  };
}

/** `unshare` must live on to see the end of the first process inside, which comes when all others have ended. */
function end(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const first = way && Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim());
  if (first) process.kill(first, "SIGKILL");
  else child.kill("SIGKILL");
}

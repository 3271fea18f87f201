import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { withDeathSignal } from "./tools/run.ts";

/** Where a program runs that must leave nothing behind. */
export interface EnclosureOptions {
  /** Added to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** File descriptor that it prints to; its own is this process's. */
  readonly output?: number;
  /** Shell commands that come before it inside. */
  readonly prepare?: readonly string[];
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

const own = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"] as const;

/** The first is root's way, and has a network of its own, so that two never meet at a port; the second is everybody's. */
const ways = [
  { command: ["unshare", "--net", ...own], first: "ip link set lo up" },
  { command: ["unshare", "--user", "--map-current-user", ...own], first: "true" },
] as const;

const way = ways.find(
  ({ command: [program, ...args], first }) =>
    spawnSync(program, [...args, "sh", "-c", first], { stdio: "ignore" }).status === 0,
);

/**
 * Runs a program with process numbers and mounts of its own, as root with a network of its own too: when it ends, or this process does, the kernel ends what it started, however far that
 * has removed itself, and takes mounts and network away. On a machine that permits no such namespaces only the program itself is ended.
 */
export function startEnclosed(command: readonly string[], options: EnclosureOptions = {}): Enclosed {
  const { folders = [], prepare = [], output = "inherit", env } = options;
  const cover = folders.map((each) => `mkdir -p ${each} && mount -t tmpfs tmpfs ${each}`);
  // The first process of a namespace must collect every orphan's end, as a shell does while it waits; `exit` keeps it from becoming the program.
  const inside = way
    ? [...way.command, "sh", "-c", `${[way.first, ...cover, ...prepare].join(" && ")} && "$@"; exit`, "sh"]
    : [];
  const [program, ...args] = withDeathSignal([...inside, ...command]);
  const child = spawn(program!, args, { stdio: ["inherit", output, output], env: { ...process.env, ...env } });
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

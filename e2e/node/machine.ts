import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../tools/run.ts";

/** Address of the node in its namespace, which pods reach; a kubelet takes none of the loopback interface. */
export const nodeAddress = "10.244.78.1";

/** What a node gets of this machine. */
export interface Machine {
  /** What a program must be started with to run in a network namespace of its own: fixed ports are free in it, and nothing leaves it. */
  readonly enter: readonly string[];
  /** Where the runtimes and kubelets of a machine meet, whatever their options say. */
  readonly folders: readonly string[];
  /** Gives back what a node takes of the whole machine, when all its processes have ended. */
  close(): Promise<void>;
}

/** Makes a namespace with a loopback interface and a bridge that holds `nodeAddress`. */
export async function openMachine(): Promise<Machine> {
  const name = `eks-deploy-e2e-${process.pid}`;
  // A kubelet changes these.
  const settings = keptSettings(["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops"]);
  await run("ip", ["netns", "add", name]);
  // Not `ip netns exec`: it mounts another /sys, which hides the control groups.
  const enter = ["nsenter", `--net=/run/netns/${name}`] as const;
  const inside = (...command: string[]) => run(enter[0], [enter[1], ...command]);
  const close = async () => {
    removeCgroups();
    settings.restore();
    await run("ip", ["netns", "del", name]);
  };
  try {
    await inside("ip", "link", "set", "lo", "up");
    await inside("ip", "link", "add", "node0", "type", "bridge");
    await inside("ip", "address", "add", `${nodeAddress}/32`, "dev", "node0");
    await inside("ip", "link", "set", "node0", "up");
  } catch (error) {
    await close();
    throw error;
  }
  return { enter, folders: ["/run", "/var/lib/cni", "/var/lib/kubelet"], close };
}

function keptSettings(names: readonly string[]) {
  const values = names.map((each) => [`/proc/sys/${each}`, readFileSync(`/proc/sys/${each}`, "utf8")] as const);
  return {
    restore() {
      for (const [path, value] of values) writeFileSync(path, value);
    },
  };
}

/** Removes a kubelet's control groups, innermost first; those of other kubelets would be in use and stay. */
function removeCgroups(): void {
  const root = "/sys/fs/cgroup";
  const tops = [root, ...readdirSync(root).map((each) => join(root, each))].map((each) => join(each, "kubepods"));
  const remove = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) remove(join(folder, entry.name));
    try {
      rmdirSync(folder);
    } catch {
      // Still in use.
    }
  };
  for (const top of tops) if (existsSync(top)) remove(top);
}

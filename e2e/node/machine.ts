import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hold } from "../tools/lock.ts";

/** Address of the node in its namespace, which pods reach; a kubelet takes none of the loopback interface. */
export const nodeAddress = "10.244.78.1";

/** What a node gets of this machine. */
export interface Machine {
  /** Shell commands that prepare a network of its own for it: a bridge that holds `nodeAddress`. */
  readonly prepare: readonly string[];
  /** Where the runtimes and kubelets of a machine meet, whatever their options say. */
  readonly folders: readonly string[];
  /** Gives back what a node takes of the whole machine, when all its processes have ended. */
  close(): Promise<void>;
}

/**
 * Takes the machine for one node: its control groups and the kernel's settings are there only once, so this waits until no other run has them, and
 * tells `waiting` that it does.
 */
export async function openMachine(waiting: () => void, signal: AbortSignal): Promise<Machine> {
  const lock = await hold("eks-deploy-e2e-node", waiting, signal);
  // A kubelet changes these.
  const settings = keptSettings(["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops"]);
  return {
    prepare: ["ip link add node0 type bridge", `ip address add ${nodeAddress}/32 dev node0`, "ip link set node0 up"],
    folders: ["/run", "/var/lib/cni", "/var/lib/kubelet"],
    async close() {
      removeCgroups();
      settings.restore();
      await lock.release();
    },
  };
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

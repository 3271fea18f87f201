import { run } from "../tools/run.ts";

/** Address of the node in its namespace, which pods reach; a kubelet takes none of the loopback interface. */
export const nodeAddress = "10.244.78.1";

/** A network namespace of its own: fixed ports are free in it, and nothing leaves it. */
export interface Network {
  /** What a program must be started with to run in it. */
  readonly enter: readonly [string, ...string[]];
  close(): Promise<void>;
}

/** Makes a namespace with a loopback interface and a bridge that holds `nodeAddress`. */
export async function createNetwork(): Promise<Network> {
  const name = `eks-deploy-e2e-${process.pid}`;
  await run("ip", ["netns", "add", name]);
  // Not `ip netns exec`: it mounts another /sys, which hides the control groups.
  const enter = ["nsenter", `--net=/run/netns/${name}`] as const;
  const inside = (...command: string[]) => run(enter[0], [enter[1], ...command]);
  const close = async () => void (await run("ip", ["netns", "del", name]));
  try {
    await inside("ip", "link", "set", "lo", "up");
    await inside("ip", "link", "add", "node0", "type", "bridge");
    await inside("ip", "address", "add", `${nodeAddress}/32`, "dev", "node0");
    await inside("ip", "link", "set", "node0", "up");
  } catch (error) {
    await close();
    throw error;
  }
  return { enter, close };
}

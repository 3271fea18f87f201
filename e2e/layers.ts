import { spawnSync } from "node:child_process";
import { openMachine } from "./node/machine.ts";
import { archiveTools } from "./protocols/archive-tools.ts";
import {
  act,
  actionlint,
  checkJsonschema,
  containerd,
  crane,
  distribution,
  gguf,
  kubernetes,
  llamaCpp,
  ministack,
  moto,
  nodeImage,
  ociConformance,
  type Software,
  versitygw,
  zizmor,
} from "./software.ts";
import { knowsDebian } from "./tools/debian.ts";
import { isInstalled } from "./tools/run.ts";

/** Tests that need the same software; `e2e/<name>/` holds them. */
export interface Layer {
  readonly name: string;
  readonly software: readonly Software[];
  /** Programs that this machine must have already. */
  readonly needs: readonly string[];
  /** Its tests run as root on a part of this machine that is theirs alone. */
  readonly machine?: typeof openMachine;
  /** How many of its files run at once (1): each starts what it needs. */
  readonly files?: number;
  /** About how many seconds its tests take on two cores: the longest begins first. */
  readonly seconds: number;
}

export const layers: readonly Layer[] = [
  {
    name: "protocols",
    software: [distribution, versitygw, crane, ociConformance, moto, ministack, ...archiveTools],
    needs: ["go", "python3", "apt-get", "dpkg-deb"],
    seconds: 16,
  },
  { name: "control-plane", software: [kubernetes], needs: ["go"], files: 2, seconds: 140 },
  {
    name: "node",
    software: [kubernetes, containerd, distribution, nodeImage],
    needs: ["go", "apt-get", "dpkg-deb", "ip", "nsenter", "umount", "unshare"],
    machine: openMachine,
    seconds: 115,
  },
  {
    name: "workflows",
    software: [act, actionlint, zizmor, checkJsonschema],
    needs: ["git", "go", "python3"],
    seconds: 120,
  },
  { name: "models", software: [llamaCpp, gguf], needs: ["apt-get", "dpkg-deb", "python3"], seconds: 2 },
];

/** Why a layer cannot run on this machine; `undefined`: it can. */
export function obstacle(
  { needs, machine }: Layer,
  { platform, arch, getuid }: Pick<NodeJS.Process, "platform" | "arch" | "getuid"> = process,
): string | undefined {
  if (platform !== "linux" || arch !== "x64") return `needs Linux on x64; this is ${platform} on ${arch}`;
  if (machine && getuid?.() !== 0) return "needs root";
  const missing = needs.filter((program) => !isInstalled(program));
  if (missing.length > 0) return `needs ${missing.join(", ")}, which this machine does not have`;
  if (needs.includes("apt-get") && !knowsDebian())
    return "needs packages of Debian, and this machine has no debian.sources that says where they are";
  // A root that is shut in a container may lack the rights that a node needs.
  if (
    machine &&
    spawnSync("unshare", ["--net", "--mount", "--pid", "--fork", "--mount-proc", "true"], { stdio: "ignore" })
      .status !== 0
  )
    return "needs a root that may make network, mount and process namespaces";
  return undefined;
}

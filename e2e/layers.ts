import {
  crane,
  distribution,
  gguf,
  kubernetes,
  llamaCpp,
  moto,
  ociConformance,
  type Software,
  versitygw,
} from "./software.ts";
import { isInstalled } from "./tools/run.ts";

/** Tests that need the same software; `e2e/<name>/` holds them. */
export interface Layer {
  readonly name: string;
  readonly software: readonly Software[];
  /** Programs that this machine must have already. */
  readonly needs: readonly string[];
}

export const layers: readonly Layer[] = [
  {
    name: "protocols",
    software: [distribution, versitygw, crane, ociConformance, moto],
    needs: ["go", "python3"],
  },
  { name: "control-plane", software: [kubernetes], needs: ["go"] },
  { name: "models", software: [llamaCpp, gguf], needs: ["apt-get", "dpkg-deb", "python3"] },
];

/** Why a layer cannot run on this machine; `undefined`: it can. */
export function obstacle(
  { needs }: Layer,
  { platform, arch }: Pick<NodeJS.Process, "platform" | "arch"> = process,
): string | undefined {
  if (platform !== "linux" || arch !== "x64") return `needs Linux on x64; this is ${platform} on ${arch}`;
  const missing = needs.filter((program) => !isInstalled(program));
  return missing.length === 0 ? undefined : `needs ${missing.join(", ")}, which this machine does not have`;
}

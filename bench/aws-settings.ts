import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "./world.ts";

/**
 * The aws cli as its experts set it: 32 requests at once, parts of 16 MiB; `crt` takes the C runtime's client, told the network's speed. `threshold`:
 * size from which there are parts.
 */
export function awsSettings(
  { folder }: World,
  client: "classic" | "crt",
  threshold = "16MB",
): Readonly<Record<string, string>> {
  const path = join(folder, `aws-${client}-${threshold}.ini`);
  const settings = [
    `preferred_transfer_client = ${client}`,
    "max_concurrent_requests = 32",
    "multipart_chunksize = 16MB",
    `multipart_threshold = ${threshold}`,
    ...(client === "crt" ? ["target_bandwidth = 25Gb/s"] : []),
  ];
  writeFileSync(path, `[default]\ns3 =\n${settings.map((setting) => `  ${setting}\n`).join("")}`);
  return { AWS_CONFIG_FILE: path };
}

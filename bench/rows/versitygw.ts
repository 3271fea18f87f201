import { createHash } from "node:crypto";
import { createReadStream, readdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { product } from "../contenders.ts";
import { memoryGoal, type RowMaker } from "../row.ts";
import { startVersitygw } from "../versitygw.ts";
import { checkpointPlace, oneCheckpoint } from "./checkpoint.ts";
import { unpacking, uploaders } from "./uploads.ts";

/** Into an S3 server that others wrote, which verifies every checksum and writes to a disk. */
export const checkpointIntoVersitygw: RowMaker = async (world) => {
  const { path, text } = oneCheckpoint(world);
  const gateway = await startVersitygw(world);
  const inputs = { checkpoints: `laguna=${path}`, bucket: "acme-models", prefix: "checkpoints" };
  return {
    id: "checkpoint-versitygw",
    title: `The checkpoint tar of ${text} into versitygw, which verifies it and writes it to a disk`,
    label: `${text} checkpoint, versitygw`,
    memory: memoryGoal,
    async before() {
      for (const name of readdirSync(gateway.bucket)) rmSync(join(gateway.bucket, name), { recursive: true });
    },
    outcome: () => digestsBelow(join(gateway.folder, checkpointPlace)),
    contenders: [
      product(world, "sync-checkpoints", inputs, { bucketUrl: gateway.url }, gateway.keys),
      ...uploaders(world, { url: gateway.url, place: checkpointPlace, keys: gateway.keys }, unpacking(path)),
    ],
    close: gateway.close,
  };
};

/** Every file below a folder with its SHA-256, but for our own manifest. */
async function digestsBelow(folder: string): Promise<string> {
  const lines: string[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || path.includes("/.eks-deploy/")) continue;
    const hash = createHash("sha256");
    await pipeline(createReadStream(path, { highWaterMark: 1_048_576 }), hash);
    lines.push(`${relative(folder, path)} ${hash.digest("hex")}`);
  }
  if (lines.length === 0) throw new Error("nothing arrived at versitygw");
  return lines.sort().join("\n");
}

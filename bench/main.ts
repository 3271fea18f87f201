/** Times the product side by side with its peers on the same servers: `npm run bench -- [--quick] [row ...]`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { rows } from "./rows.ts";
import { runRow } from "./run.ts";
import { installPeers } from "./software.ts";
import { lineOf } from "./table.ts";
import { startWorld } from "./world.ts";

const say = (line: string) => void process.stdout.write(`${line}\n`);
const dist = resolve(
  process.argv.find((word) => word.startsWith("--dist="))?.slice(7) ?? join(import.meta.dirname, "../dist"),
);
const quick = process.argv.includes("--quick");
const asked = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const folder = mkdtempSync(join(tmpdir(), "eks-deploy-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const peers = await installPeers(say);
const world = await startWorld(folder, dist, peers, quick);
try {
  for (const [id, make] of Object.entries(rows)) {
    if (asked.length > 0 && !asked.includes(id)) continue;
    const result = await runRow(await make(world), world, quick ? 3 : 5, say);
    for (const side of result.sides) say(lineOf(side));
  }
} finally {
  await world.close();
}

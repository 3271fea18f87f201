/**
 * Times the product side by side with its peers on the same servers: `npm run bench -- [--quick] [--write] [--rounds=5] [--dist=<folder>] [row ...]`.
 * All rows, or `--write`: docs/performance.md and its plot are written with what was run. `--quick`: smaller data, and it fails when a ratio is a quarter below its goal.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { plotOf } from "./plot.ts";
import { missesOf, reportOf } from "./report.ts";
import { rows } from "./rows.ts";
import { type Result, runRow } from "./run.ts";
import { growth, releases, startUps } from "./single.ts";
import { installPeers, versionsOf } from "./software.ts";
import { lineOf } from "./table.ts";
import { startWorld } from "./world.ts";

const root = resolve(import.meta.dirname, "..");
const say = (line: string) => void process.stdout.write(`${line}\n`);
const words = process.argv.slice(2);
const quick = words.includes("--quick");
const option = (name: string) => words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
const dist = resolve(option("dist") ?? join(root, "dist"));
const rounds = Number(option("rounds") ?? (quick ? 3 : 5));
const asked = words.filter((word) => !word.startsWith("--"));
const unknown = asked.filter((id) => !(id in rows));
if (unknown.length > 0) {
  say(`There is no row ${unknown.join(", ")}. Rows: ${Object.keys(rows).join(", ")}.`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "eks-deploy-peers-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const peers = await installPeers(say);
const world = await startWorld(folder, dist, peers, quick);
const load = loadavg()[0] ?? 0;
const results: Result[] = [];
try {
  for (const [id, make] of Object.entries(rows)) {
    if (asked.length > 0 && !asked.includes(id)) continue;
    const result = await runRow(await make(world), world, rounds);
    results.push(result);
    say(`\n${result.row.title}`);
    for (const side of result.sides) say(lineOf(side));
  }
  const figures =
    asked.length > 0 ? [] : [...(await startUps(world)), ...(await releases(world)), ...(await growth(world))];
  for (const { what, seconds } of figures) say(`${what}: ${seconds.toFixed(3)} s`);
  if (words.includes("--write") || (asked.length === 0 && !quick)) {
    const findings = { results, figures, versions: await versionsOf(peers), quick, load, at: Date.now() };
    writeFileSync(join(root, "docs/performance.md"), reportOf(findings));
    writeFileSync(join(root, "docs/performance.svg"), plotOf(results));
  }
} finally {
  await world.close();
}

const misses = results.flatMap((result) => missesOf(result, quick ? 0.25 : 0));
for (const { id, text } of misses) say(`${id}: missed: ${text}`);
if (quick && misses.length > 0) process.exitCode = 1;

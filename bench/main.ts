/**
 * Times the product side by side with its peers on the same servers: `npm run bench -- --help`. A full run writes docs/performance.md and its plot.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { alone } from "./alone.ts";
import { missesOf } from "./goals.ts";
import { type Options, optionsOf, UsageError, usage } from "./options.ts";
import { plotOf } from "./plot.ts";
import { type Findings, reportOf } from "./report.ts";
import { quickTolerance } from "./rounds.ts";
import { rows } from "./rows.ts";
import { runRow } from "./run.ts";
import { installPeers, versionsOf } from "./software.ts";
import { lineOf, reasonLines } from "./table.ts";
import { startWorld, type World } from "./world.ts";

const root = resolve(import.meta.dirname, "..");
const say = (line: string) => void process.stdout.write(`${line}\n`);

function options(): Options {
  try {
    return optionsOf(process.argv.slice(2), [...Object.keys(rows), ...Object.keys(alone)]);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(error.message);
    process.exit(2);
  }
}

/** Runs what was asked for; what fails is told, and the rest runs on. */
async function findings(
  asked: Options,
  world: World,
  base: Omit<Findings, "results" | "figures" | "failures">,
): Promise<Findings> {
  const found = {
    ...base,
    results: [] as Findings["results"][number][],
    figures: [] as Findings["figures"][number][],
    failures: [] as Findings["failures"][number][],
  };
  const wanted = (id: string) => asked.rows.length === 0 || asked.rows.includes(id);
  const begun = performance.now();
  const attempt = async (id: string, work: () => Promise<void>) => {
    if (!wanted(id)) return;
    try {
      await work();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      found.failures.push({ id, text });
      say(`\n${id} failed: ${text}`);
    }
    say(`(${id}: ${Math.round((performance.now() - begun) / 1_000)} s since the start)`);
  };
  for (const [id, make] of Object.entries(rows))
    await attempt(id, async () => {
      const row = await make(world);
      try {
        const result = await runRow(row, world, asked.rounds);
        found.results.push(result);
        say(`\n${row.title}`);
        for (const side of result.sides) say(lineOf(side));
      } finally {
        await row.close?.();
      }
    });
  for (const [id, measureAlone] of Object.entries(alone))
    await attempt(id, async () => {
      for await (const figure of measureAlone(world)) {
        found.figures.push(figure);
        say(`${figure.what}: ${figure.seconds.toFixed(3)} s`);
      }
    });
  return found;
}

const asked = options();
if (asked.help) {
  say(`${usage}\n\nRows: ${Object.keys(rows).join(", ")}\nThe product alone: ${Object.keys(alone).join(", ")}`);
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "eks-deploy-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const peers = await installPeers(say);
const versions = await versionsOf(peers);
const world = await startWorld(folder, asked.dist ?? join(root, "dist"), peers, asked.quick);
for (const { name, trip, rate, foundTrip, foundRate } of world.networks)
  say(
    `network before ${name}: ${foundTrip.toFixed(1)} ms and ${foundRate.toFixed(1)} MB/s a connection (${trip} and ${rate} asked for)`,
  );
try {
  const { quick } = asked;
  const base = {
    versions,
    quick,
    networks: world.networks,
    load: loadavg()[0] ?? 0,
    processors: availableParallelism(),
    at: Date.now(),
  };
  const found = await findings(asked, world, base);
  if (asked.write) {
    writeFileSync(join(root, "docs/performance.md"), reportOf(found));
    writeFileSync(join(root, "docs/performance.svg"), plotOf(found.results));
  }
  say("");
  for (const line of reasonLines(found)) say(line);
  const misses = found.results.flatMap((result) => missesOf(result, quick ? quickTolerance : 0));
  if (found.failures.length > 0 || (quick && misses.length > 0)) process.exitCode = 1;
} finally {
  await world.close();
}

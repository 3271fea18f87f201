/**
 * Proves the product on software that others wrote: `npm run e2e -- [layer ...] [--report=<file>]`. Installs what it needs; ends with a table, and
 * leaves the counts of all layers in the file.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { inLanes } from "./lanes.ts";
import { runLayer } from "./layer-run.ts";
import { layers } from "./layers.ts";
import { type Result, tableOf, totalOf } from "./table.ts";

/** Most of a layer's time is waiting for other processes and for clocks. */
const sideBySide = 3;

const say = (line: string) => void process.stdout.write(`${line}\n`);

const { positionals: asked, values } = parseArgs({ allowPositionals: true, options: { report: { type: "string" } } });
const unknown = asked.filter((name) => !layers.some((layer) => layer.name === name));
if (unknown.length > 0) {
  say(`There is no layer ${unknown.join(", ")}. Layers: ${layers.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}

/** The first Ctrl-C ends all that was started and gives back what was taken of the machine; what is being installed appears whole or not at all. */
const interruption = new AbortController();
const { signal } = interruption;
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => interruption.abort());

const chosen = layers.filter(({ name }) => asked.length === 0 || asked.includes(name));
const finished = new Map<string, Result>();
await inLanes(
  chosen.toSorted((one, other) => other.seconds - one.seconds),
  sideBySide,
  async (layer) => {
    if (!signal.aborted) finished.set(layer.name, await runLayer(layer, { say, signal, live: chosen.length === 1 }));
  },
);
const results = chosen.flatMap(({ name }) => finished.get(name) ?? []);
say(`\n${tableOf(results)}`);
if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(totalOf(results))}\n`);
const failed = results.some((result) => result.failed > 0 || result.broken !== undefined);
process.exit(signal.aborted ? 130 : failed ? 1 : 0);

/**
 * Writes what follows from the contracts, the schemas and the error catalogues: action.yml files, README tables, docs/troubleshooting.md, schemas/.
 * `--check` writes nothing and fails when a file is not fresh.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { commonInputs, commonOutputs } from "../src/action/common.ts";
import type { Contract } from "../src/action/contract.ts";
import { actionNames } from "../src/action-names.ts";
import { recordSchema } from "../src/record/schema.ts";
import { specSchema } from "../src/spec/schema.ts";
import { actionYml } from "./generate/action-yml.ts";
import { inputTable, outputTable, tables } from "./generate/tables.ts";
import { catalogues, troubleshooting } from "./generate/troubleshooting.ts";

const root = resolve(import.meta.dirname, "..");
const check = process.argv.includes("--check");
const stale: string[] = [];

function put(path: string, content: string): void {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, "utf8") === content) return;
  if (check) {
    stale.push(path);
    return;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  console.log(`wrote ${path}`);
}

/** Replaces what stands between `<!-- generated: name -->` and `<!-- end: name -->`. */
function fill(path: string, sections: ReadonlyMap<string, string>): void {
  let text = readFileSync(join(root, path), "utf8");
  for (const [name, content] of sections) {
    const [from, to] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
    const [start, end] = [text.indexOf(from), text.indexOf(to)];
    if (start < 0 || end < start) throw new Error(`${path} has no section ${from}`);
    text = `${text.slice(0, start + from.length)}\n${content}\n${text.slice(end)}`;
  }
  put(path, text);
}

const shared = { inputs: new Set(Object.keys(commonInputs("plan"))), outputs: new Set(Object.keys(commonOutputs)) };
const sections = new Map<string, string>([
  ["common inputs", inputTable(Object.entries(commonInputs("deploy")))],
  [
    "common outputs",
    outputTable(Object.entries(commonOutputs).map(([name, output]) => [name, output.type, output.description])),
  ],
]);
for (const name of actionNames) {
  const { contract } = (await import(`../src/actions/${name}/contract.ts`)) as { contract: Contract };
  put(`actions/${name}/action.yml`, actionYml(contract, "../../dist"));
  if (name === "release") put("action.yml", actionYml(contract, "dist"));
  sections.set(name, tables(contract, shared));
}
fill("README.md", sections);
put("docs/troubleshooting.md", troubleshooting(await catalogues(root)));
put("schemas/eks-deploy.schema.json", `${JSON.stringify(specSchema(), null, 2)}\n`);
put("schemas/release-record.schema.json", `${JSON.stringify(recordSchema(), null, 2)}\n`);

if (stale.length > 0) {
  console.error(`Not fresh: ${stale.join(", ")}. Run: npm run generate`);
  process.exitCode = 1;
}

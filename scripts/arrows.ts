/**
 * Holds the house to its plan: arrows (imports) only point down, domain rooms do not know each other, no circles, no file over 300 lines.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const longest = 300;

/** Floors of src/, from the ground up; a room may import from its own and from lower floors. Rooms on one floor do not import each other. */
const floors: readonly (readonly string[])[] = [
  ["errors", "retry", "nearest", "canonical", "action-names", "version"],
  ["spec"],
  ["action"],
  ["agent"],
  ["bytes", "aws"],
  ["tar", "transfer", "cluster", "helm"],
  ["bundle", "record"],
  ["facts"],
  ["images", "checkpoints", "irsa", "values", "deploy", "smoke"],
  ["release"],
  ["actions"],
  ["runner"],
  ["cli"],
  ["main"],
];

/** Arrows that the plan allows beside the floors, each with its reason. */
const allowed: ReadonlyMap<string, string> = new Map([
  ["spec -> action", "types only: the finder's shape and the context's"],
  ["retry -> errors", "the family of errors is the ground itself"],
]);

interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function sources(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

function arrowsOf(file: string): readonly Arrow[] {
  const text = readFileSync(join(root, file), "utf8");
  const arrows: Arrow[] = [];
  for (const match of text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm)) {
    arrows.push({ from: file, to: target(file, match[2]!), typeOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(/\bimport\(\s*"([^"]+)"/g))
    arrows.push({ from: file, to: target(file, match[1]!), typeOnly: false });
  return arrows;
}

function target(file: string, specifier: string): string {
  return specifier.startsWith(".") ? relative(root, resolve(root, dirname(file), specifier)) : specifier;
}

function room(file: string): string {
  const [, first = ""] = file.split("/");
  return first.replace(/\.ts$/, "");
}

function floor(name: string): number {
  return floors.findIndex((rooms) => rooms.includes(name));
}

function complaints(arrow: Arrow): string | undefined {
  if (arrow.from.startsWith("sandbox/") && arrow.to.startsWith("src/")) return "the sandbox must not know the product";
  if (!arrow.from.startsWith("src/")) return undefined;
  if (arrow.to.startsWith("sandbox/") || arrow.to.startsWith("test/"))
    return "the product must not know the sandbox or the tests";
  if (arrow.to.startsWith("@actions/"))
    return room(arrow.from) === "runner" ? undefined : "only src/runner/ imports @actions/*";
  if (!arrow.to.startsWith("src/")) return undefined;
  const [from, to] = [room(arrow.from), room(arrow.to)];
  if (from === to) return actionsApart(arrow);
  if (floor(from) < 0) return `the room ${from} has no floor in scripts/arrows.ts`;
  if (floor(to) < 0) return `the room ${to} has no floor in scripts/arrows.ts`;
  if (floor(to) < floor(from)) return undefined;
  if (arrow.typeOnly && allowed.has(`${from} -> ${to}`)) return undefined;
  return allowed.has(`${from} -> ${to}`) && floor(from) === 0 ? undefined : `${from} must not import ${to}`;
}

/** Actions do not know each other, except that the root action chains the six. */
function actionsApart(arrow: Arrow): string | undefined {
  if (room(arrow.from) !== "actions") return undefined;
  const [from, to] = [arrow.from.split("/")[2], arrow.to.split("/")[2]];
  return from === to || from === "release" ? undefined : `the action ${from} must not import the action ${to}`;
}

/** The first circle found, as a path; type-only arrows do not close one at run time. */
function circle(arrows: readonly Arrow[]): readonly string[] | undefined {
  const next = new Map<string, string[]>();
  for (const arrow of arrows) if (!arrow.typeOnly) next.set(arrow.from, [...(next.get(arrow.from) ?? []), arrow.to]);
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const to of next.get(file) ?? []) {
      const found = visit(to);
      if (found) return found;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of next.keys()) {
    const found = visit(file);
    if (found) return found;
  }
  return undefined;
}

const files = [...sources("src"), ...sources("sandbox")];
const arrows = files.flatMap(arrowsOf);
const wrong: string[] = [];
for (const arrow of arrows) {
  const complaint = complaints(arrow);
  if (complaint) wrong.push(`${arrow.from} -> ${arrow.to}: ${complaint}`);
}
const found = circle(arrows);
if (found) wrong.push(`a circle: ${found.join(" -> ")}`);
for (const file of files) {
  const lines = readFileSync(join(root, file), "utf8").split("\n").length - 1;
  if (lines > longest) wrong.push(`${file}: ${lines} lines; the limit is ${longest}: split it by meaning`);
}
for (const line of wrong) console.error(line);
if (wrong.length > 0) process.exitCode = 1;
else
  console.log(`${files.length} files, ${arrows.length} arrows: all point down, no circle, none over ${longest} lines.`);

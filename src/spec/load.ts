import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import type { Context } from "../action/context.ts";
import type { Located } from "../action/contract.ts";
import { sha256 } from "../canonical.ts";
import { type Problem, UserError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { checkSpec } from "./check.ts";
import { resolveLayers } from "./overlay.ts";
import { dataOf, type Placed, type PlacedMap, placedAt, positionText } from "./placed.ts";
import { readSpec } from "./read.ts";

/** The file that is read where the input `spec` is not given. */
export const defaultSpecFile = "eks-deploy.yaml";

/** A spec, resolved for one environment. */
export interface Spec {
  /** As shown in positions: relative to the workspace where it lies below it. */
  readonly file: string;
  /** SHA-256 of the file. */
  readonly sha256: string;
  readonly environment: string | undefined;
  /** Names of all environments, in the order of the file. */
  readonly environments: readonly string[];
  /** `defaults` with the environment laid on them; every value knows where it was written. */
  readonly resolved: PlacedMap;
  /** Looks a dotted path up. */
  find(path: string): Located | undefined;
}

/**
 * Reads the release spec: the file that the input names, else `eks-deploy.yaml` where it exists (undefined where not). `environment` chooses
 * the overlay. Everything that is wrong in the file is told at once (`SPEC_YAML`, `SPEC_INVALID`), whichever environment is asked for.
 */
export async function loadSpec(
  input: string | undefined,
  environment: string | undefined,
  ctx: Pick<Context, "ambient">,
): Promise<Spec | undefined> {
  const { workspace } = ctx.ambient;
  const path = resolve(workspace, input || defaultSpecFile);
  const below = relative(workspace, path);
  const file = below.startsWith("..") ? path : below.replaceAll("\\", "/");
  const text = await readText(path, file, Boolean(input));
  return text === undefined ? undefined : resolveSpec(text, file, environment || undefined);
}

async function readText(path: string, file: string, named: boolean): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (!named && (cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UserError("SPEC_NOT_FOUND", {
      happened: `The spec ${file} cannot be read: ${(cause as Error).message}`,
      next: "Correct the input spec, and let actions/checkout run before this step.",
      cause,
    });
  }
}

/** The text of a spec, checked and resolved; pure. `file` is the name shown in positions. */
export function resolveSpec(text: string, file: string, environment: string | undefined): Spec {
  const { root, problems } = readSpec(text, file);
  const invalid = root ? checkSpec(root) : [];
  if (problems.length > 0 || !root) throw wrong("SPEC_YAML", file, [...problems, ...elsewhere(invalid, problems)]);
  if (invalid.length > 0) throw wrong("SPEC_INVALID", file, invalid);
  const overlays = mapOf(placedAt(root, ["environments"]));
  const environments = [...(overlays?.entries.keys() ?? [])];
  const layers = [mapOf(placedAt(root, ["defaults"]))];
  if (environment !== undefined) {
    if (!environments.includes(environment)) throw unknownEnvironment(environment, environments, file, overlays);
    layers.push(mapOf(overlays?.entries.get(environment)?.value));
  }
  const resolved = resolveLayers(layers.filter((layer) => layer !== undefined));
  const twice = bothSources(resolved);
  if (twice.length > 0) throw wrong("SPEC_INVALID", file, twice);
  return {
    file,
    sha256: sha256(text),
    environment,
    environments,
    resolved,
    find: (path) => find(resolved, path),
  };
}

/** What the schema says of other places than those that YAML itself already makes doubtful. */
function elsewhere(invalid: readonly Problem[], told: readonly Problem[]): readonly Problem[] {
  const places = new Set(told.map(({ at }) => `${at?.line}:${at?.column}`));
  return invalid.filter(({ at }) => !places.has(`${at?.line}:${at?.column}`));
}

/** An absent, empty or null layer says nothing. */
function mapOf(node: Placed | undefined): PlacedMap | undefined {
  return node?.kind === "map" ? node : undefined;
}

function find(resolved: PlacedMap, path: string): Located | undefined {
  const node = placedBelow(resolved, path);
  return node && { value: dataOf(node), origin: positionText(node.at), at: node.at };
}

/** What a dotted path leads to. Names of annotations hold dots themselves, so every way of cutting the path is tried, the shortest key first. */
function placedBelow(node: Placed, path: string): Placed | undefined {
  if (node.kind !== "map") return undefined;
  for (let dot = path.indexOf("."); dot >= 0; dot = path.indexOf(".", dot + 1)) {
    const next = node.entries.get(path.slice(0, dot))?.value;
    const found = next && placedBelow(next, path.slice(dot + 1));
    if (found) return found;
  }
  return node.entries.get(path)?.value;
}

/** A model comes from a checkpoint that is synced or from a prefix that is there; an overlay that changes over must say so. */
function bothSources(resolved: PlacedMap): readonly Problem[] {
  const models = mapOf(placedAt(resolved, ["models"]));
  return [...(models?.entries ?? [])].flatMap(([key, { value }]) => {
    const [checkpoint, prefix] = [placedAt(value, ["checkpoint"]), placedAt(value, ["prefix"])];
    if (!checkpoint || !prefix) return [];
    const happened = `models.${key} has both a checkpoint (${positionText(checkpoint.at)}) and a prefix (${positionText(prefix.at)}); remove one: in an environment, with \`checkpoint: null\` or \`prefix: null\``;
    return [{ happened, at: prefix.at }];
  });
}

function wrong(code: string, file: string, problems: readonly Problem[]): UserError {
  const lines = problems.map(({ happened, at }) => `${at ? `${positionText(at)}: ` : ""}${happened}`);
  return new UserError(code, {
    happened:
      lines.length === 1
        ? `The spec is wrong: ${lines[0]}.`
        : `The spec ${file} is wrong in ${lines.length} places:\n${lines.map((line) => `  - ${line}`).join("\n")}`,
    next: "Nothing was written. All keys with their meaning: https://github.com/poolside/eks-deploy#the-spec",
    at: problems[0]?.at,
    problems,
  });
}

function unknownEnvironment(
  name: string,
  known: readonly string[],
  file: string,
  overlays: PlacedMap | undefined,
): UserError {
  const near = nearest(name, known);
  const list = known.length > 0 ? `It has ${known.join(", ")}.` : "It has none.";
  const at = overlays?.at ?? { file, line: 1, column: 1 };
  const happened = `The spec ${file} has no environment ${name}. ${list}`;
  return new UserError("SPEC_ENVIRONMENT_UNKNOWN", {
    happened,
    next: near ? `Did you mean environment: ${near}?` : `Add ${name} below environments (it may be empty: {}).`,
    at,
    problems: [{ happened, at }],
  });
}

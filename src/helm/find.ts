import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Context } from "../action/context.ts";
import { UserError } from "../errors.ts";
import { download } from "./download.ts";
import { builds, type Pinned } from "./pinned.ts";
import { run } from "./process.ts";
import { parseRange, parseVersion, type Range, type Version, versionText } from "./version.ts";

/** A helm that can be called. */
export interface Helm {
  readonly path: string;
  readonly version: Version;
}

/** One look per process and range: versions do not change under a run. */
const found = new WeakMap<Context["ambient"], Map<string, Promise<Helm>>>();

/**
 * The helm to use: the first on PATH that satisfies `range`, else a pinned version whose SHA-256 is checked, said in the log. Errors: `HELM_VERSION_RANGE`,
 * `HELM_NOT_FOUND`, `HELM_DOWNLOAD`.
 */
export async function findHelm(range: string, ctx: Context): Promise<Helm> {
  const known = found.get(ctx.ambient) ?? new Map<string, Promise<Helm>>();
  found.set(ctx.ambient, known);
  const looking = known.get(range) ?? look(range, ctx);
  known.set(range, looking);
  looking.catch(() => known.delete(range));
  return looking;
}

async function look(range: string, ctx: Context): Promise<Helm> {
  const satisfies = parseRange(range);
  const seen: string[] = [];
  for (const folder of ctx.ambient.path.split(delimiter).filter((part) => part !== "")) {
    const path = join(folder, "helm");
    const version = await versionOf(path, ctx);
    if (!version) continue;
    if (satisfies(version)) {
      ctx.log.info(`helm ${versionText(version)} (${path})`);
      return { path, version };
    }
    seen.push(`${versionText(version)} (${path})`);
  }
  return fetched(range, satisfies, seen, ctx);
}

async function fetched(range: string, satisfies: Range, seen: readonly string[], ctx: Context): Promise<Helm> {
  const here = `${process.platform}-${process.arch}`;
  const pinned: Pinned | undefined = builds.find((build) => build.platform === here && satisfies(build.version));
  const onPath = seen.length === 0 ? "There is no helm on PATH" : `helm on PATH is ${seen.join(", ")}`;
  if (!pinned) {
    throw new UserError("HELM_NOT_FOUND", {
      happened: `${onPath}, helm-version is ${range}, and no pinned version for ${here} is in that range.`,
      next: "Install such a helm in an earlier step (azure/setup-helm), or widen helm-version.",
    });
  }
  ctx.log.info(`${onPath}; helm ${versionText(pinned.version)} is downloaded, and its SHA-256 checked.`);
  return { path: await download(pinned, ctx), version: pinned.version };
}

async function versionOf(path: string, ctx: Context): Promise<Version | undefined> {
  try {
    await access(path, constants.X_OK);
  } catch {
    return undefined;
  }
  const result = await run(path, ["version", "--template", "{{.Version}}"], {}, ctx).catch(() => undefined);
  return result?.code === 0 ? parseVersion(result.stdout) : undefined;
}

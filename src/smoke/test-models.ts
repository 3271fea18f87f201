import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createSecureContext, getCACertificates } from "node:tls";
import type { Context } from "../action/context.ts";
import { createAgents } from "../agent.ts";
import { UserError } from "../errors.ts";
import { addressChecks } from "./addresses.ts";
import { backendChecks, type Inside, notLooked } from "./backend.ts";
import { type Check, type ModelResult, verdictOf } from "./check.ts";
import { plainHttpCheck } from "./plain-http.ts";
import { probeModel } from "./probe.ts";
import type { Place } from "./request.ts";
import type { SmokeSettings } from "./settings.ts";
import type { Target } from "./target.ts";

/** Tests all models side by side: a whole test takes as long as its slowest model. `inside`: the release's cluster, or why it is not looked at. */
export async function testModels(
  targets: readonly Target[],
  settings: SmokeSettings,
  inside: Inside | string,
  ctx: Context,
): Promise<readonly ModelResult[]> {
  const agents = ctx.ambient.proxy.https ? createAgents(ctx.ambient, 64) : undefined;
  const trust = createSecureContext(settings.roots.length > 0 ? { ca: [...settings.roots] } : {});
  const until = ctx.clock.now() + settings.deadline;
  const place = ({ host }: Target): Place => ({
    host,
    address: settings.resolve[host],
    trust,
    patience: settings.patience,
    until,
    ...(agents ? { agent: agents.https } : {}),
  });
  try {
    return await Promise.all(
      targets.map(async (target) => {
        const [result, plain] = await Promise.all([
          probeModel(target, place(target), settings, ctx),
          lookAtHttp(target, settings, ctx),
        ]);
        const [addresses, within] = await Promise.all([
          result.verdict === "fail" ? [] : addressChecks(place(target), ctx),
          lookInside(target, inside, ctx),
        ]);
        const checks = [...addresses, ...result.checks, plain, ...within];
        return { ...result, checks, verdict: verdictOf(checks) };
      }),
    );
  } finally {
    agents?.destroy();
  }
}

/** A proxy, or an address with a port of its own, says nothing of the host's HTTP port. */
async function lookAtHttp({ host }: Target, settings: SmokeSettings, ctx: Context): Promise<Check> {
  const address = settings.resolve[host] ?? host;
  if (ctx.ambient.proxy.http ?? ctx.ambient.proxy.https) return notLooked("HTTP", "a proxy stands between");
  if (/:\d+$/.test(address)) return notLooked("HTTP", `the host is asked at ${address}`);
  return plainHttpCheck(host, address, 80, ctx.signal);
}

function lookInside(target: Target, inside: Inside | string, ctx: Context): Promise<readonly Check[]> {
  if (typeof inside === "string") return Promise.resolve([notLooked("pods", inside)]);
  return backendChecks(target, inside, ctx);
}

/** The system's roots and the extra ones, PEM: those of the environment and `ca-certificate` (PEM text or a file). */
export async function trustedRoots(extra: string | undefined, ctx: Context): Promise<readonly string[]> {
  const files = await Promise.all(ctx.ambient.extraRoots.map((file) => readFile(file, "utf8").catch(() => "")));
  const given =
    extra === undefined ? [] : [extra.includes("-----BEGIN CERTIFICATE-----") ? extra : await readRoot(extra, ctx)];
  const own = [...files.filter((text) => text !== ""), ...given];
  return own.length === 0 ? [] : [...getCACertificates("default"), ...own];
}

async function readRoot(path: string, ctx: Context): Promise<string> {
  try {
    return await readFile(resolve(ctx.ambient.workspace, path), "utf8");
  } catch (cause) {
    throw new UserError("SMOKE_ROOT_UNREADABLE", {
      happened: `ca-certificate names ${path}, which cannot be read.`,
      next: "Give the path of a PEM file, or the PEM text itself.",
      cause,
    });
  }
}

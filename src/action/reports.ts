import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, type Json } from "../canonical.ts";
import { UserError } from "../errors.ts";
import type { Outcome } from "./action.ts";
import type { Located } from "./contract.ts";
import type { Change } from "./plan.ts";

/** What an action leaves for later actions and for people: a JSON file without secrets. */
export interface ReportFile {
  readonly version: 1;
  readonly action: string;
  readonly environment: string | undefined;
  readonly outcome: Outcome;
  /** Its outputs are what would be; nothing of it was done. */
  readonly dryRun?: boolean;
  readonly headline: string;
  readonly startedAt: string;
  readonly seconds: number;
  readonly planSha256: string | undefined;
  readonly changes: readonly Change[];
  /** By the names that users see. */
  readonly outputs: Readonly<Record<string, Json>>;
  readonly failure: { readonly code: string; readonly happened: string; readonly next: string } | undefined;
}

/** Writes `report.json` and `plan.json` below `folder`; gives their paths. */
export async function writeReport(
  folder: string,
  report: ReportFile,
  plan: Json,
): Promise<{ report: string; plan: string }> {
  await mkdir(folder, { recursive: true });
  const paths = { report: join(folder, "report.json"), plan: join(folder, "plan.json") };
  await writeFile(paths.report, `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(paths.plan, `${JSON.stringify(plan, null, 2)}\n`);
  return paths;
}

/** Outputs of earlier actions, by `<action>.<output>`. */
export type ReportedOutputs = ReadonlyMap<string, Located>;

/** Reads every report below `folder` of an action that was carried out. Maps from several reports of one action (a matrix over models) are joined; other differences are `REPORTS_DISAGREE`. */
export async function readReports(folder: string): Promise<ReportedOutputs> {
  const found = new Map<string, Located>();
  const files = (await readdir(folder, { recursive: true }).catch(() => [])).filter((name) =>
    name.endsWith("report.json"),
  );
  for (const name of files.sort()) {
    const path = join(folder, name);
    const report = await readReport(path);
    if (report.outcome !== "done" || report.dryRun) continue;
    for (const [output, value] of Object.entries(report.outputs)) {
      const key = `${report.action}.${output}`;
      found.set(key, merged(key, found.get(key), { value, origin: `report ${path}` }));
    }
  }
  return found;
}

async function readReport(path: string): Promise<ReportFile> {
  try {
    const value = JSON.parse(await readFile(path, "utf8")) as ReportFile;
    if (value.version === 1 && typeof value.action === "string" && typeof value.outputs === "object") return value;
  } catch (cause) {
    throw unreadable(path, cause);
  }
  throw unreadable(path, undefined);
}

function unreadable(path: string, cause: unknown): UserError {
  return new UserError("REPORT_UNREADABLE", {
    happened: `${path} is not a report that this version reads.`,
    next: "Remove it from the reports folder, or make it with the same version of eks-deploy.",
    cause,
  });
}

const perRun = new Set(["headline", "changed", "changes", "plan-sha256", "plan", "report"]);

function merged(key: string, before: Located | undefined, after: Located): Located {
  if (!before || perRun.has(key.slice(key.indexOf(".") + 1))) return after;
  if (canonicalJson(before.value as Json) === canonicalJson(after.value as Json)) return before;
  if (isMap(before.value) && isMap(after.value)) {
    const joined: Record<string, unknown> = { ...before.value };
    for (const [name, value] of Object.entries(after.value)) {
      if (name in joined && canonicalJson(joined[name] as Json) !== canonicalJson(value as Json))
        throw disagreement(`${key}.${name}`, before, after);
      joined[name] = value;
    }
    return { value: joined, origin: `${before.origin} and ${after.origin}` };
  }
  if (typeof before.value === "number" && typeof after.value === "number") {
    return { value: before.value + after.value, origin: `${before.origin} and ${after.origin}` };
  }
  throw disagreement(key, before, after);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function disagreement(key: string, before: Located, after: Located): UserError {
  return new UserError("REPORTS_DISAGREE", {
    happened: `${before.origin} and ${after.origin} give different values for ${key}.`,
    next: "Give the reports of one run only: download this run's artifacts into an empty folder.",
  });
}

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Context } from "../action/context.ts";
import { type EksDeployError, UserError } from "../errors.ts";
import { type RecordInputs, releaseRecord } from "./release-record.ts";

/** Where a baseline is looked for. */
export interface BaselineInputs extends RecordInputs {
  /** `latest`, a record's SHA-256 or place, or the path of a record or report file. */
  readonly baseline: string;
  readonly release: string;
}

/** Results of an earlier smoke test by model key, as the record or report has them, and where they were found. */
export interface EarlierResults {
  readonly label: string;
  readonly results: Readonly<Record<string, unknown>>;
}

/** Results of the earlier smoke test that the input names. For `latest`, none where nothing was proven yet or the records cannot be read: it is only a default. */
export async function earlierResults(inputs: BaselineInputs, ctx: Context): Promise<EarlierResults | undefined> {
  if (inputs.baseline !== "latest")
    return isRecord(inputs.baseline) ? fromRecord(inputs, ctx) : fromFile(inputs.baseline, ctx);
  if (!inputs.records) return undefined;
  try {
    return await fromRecord(inputs, ctx);
  } catch (thrown) {
    const { code, happened } = thrown as EksDeployError;
    if (code === "CANCELLED") throw thrown;
    ctx.log.info(`No baseline to compare with: ${happened ?? String(thrown)}`);
    return undefined;
  }
}

function isRecord(reference: string): boolean {
  return /^[0-9a-f]{64}$/.test(reference) || reference.startsWith("s3://");
}

async function fromRecord(inputs: BaselineInputs, ctx: Context): Promise<EarlierResults> {
  const { sha256, record } = await releaseRecord(inputs.baseline, inputs.release, inputs, ctx);
  return { label: `record ${sha256.slice(0, 12)}`, results: asMap(record.smoke) };
}

/** A record (`smoke`) or a report of smoke-test (`outputs.results`). */
async function fromFile(path: string, ctx: Context): Promise<EarlierResults> {
  let value: { smoke?: unknown; outputs?: { results?: unknown } };
  try {
    value = JSON.parse(await readFile(resolve(ctx.ambient.workspace, path), "utf8"));
  } catch (cause) {
    throw invalid(path, "it cannot be read as JSON", cause);
  }
  const results = value.smoke ?? value.outputs?.results;
  if (typeof results !== "object" || results === null) throw invalid(path, "it holds no results of a smoke test");
  return { label: path, results: asMap(results) };
}

function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function invalid(given: string, what: string, cause?: unknown): UserError {
  return new UserError("BASELINE_INVALID", {
    happened: `baseline is ${given}: ${what}.`,
    next: "Give latest, a record (SHA-256, s3://...), or the path of a record or of a smoke-test's report.",
    cause,
  });
}

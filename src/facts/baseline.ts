import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Context } from "../action/context.ts";
import { connectAws } from "../aws/session.ts";
import { type EksDeployError, UserError } from "../errors.ts";
import { readLatest, readRecord } from "../record/latest.ts";
import { openStore } from "../record/store.ts";

/** Where a baseline is looked for. */
export interface BaselineInputs {
  /** `latest`, a record's SHA-256, or the path of a record or report file. */
  readonly baseline: string;
  readonly records: string | undefined;
  readonly environment: string | undefined;
  readonly release: string;
  readonly awsRegion: string | undefined;
  readonly awsAccountId: string | undefined;
  readonly roleToAssume: string | undefined;
}

/** Results of an earlier smoke test by model key, as the record or report has them, and where they were found. */
export interface EarlierResults {
  readonly label: string;
  readonly results: Readonly<Record<string, unknown>>;
}

/** Results of the earlier smoke test that the input names. For `latest`, none where nothing was proven yet or the records cannot be read: it is only a default. */
export async function earlierResults(inputs: BaselineInputs, ctx: Context): Promise<EarlierResults | undefined> {
  if (inputs.baseline === "latest") {
    try {
      return await latest(inputs, ctx);
    } catch (thrown) {
      const { code, happened } = thrown as EksDeployError;
      ctx.log.info(`No baseline: ${code ?? ""} ${happened ?? String(thrown)}`);
      return undefined;
    }
  }
  return /^[0-9a-f]{64}$/.test(inputs.baseline) ? byDigest(inputs, ctx) : fromFile(inputs.baseline, ctx);
}

async function latest(inputs: BaselineInputs, ctx: Context): Promise<EarlierResults | undefined> {
  if (!inputs.records) return undefined;
  const named = await readLatest(await store(inputs, inputs.records, ctx), inputs.environment, inputs.release);
  return named && { label: `record ${named.sha256.slice(0, 12)}`, results: asMap(named.record.smoke) };
}

async function byDigest(inputs: BaselineInputs, ctx: Context): Promise<EarlierResults> {
  if (!inputs.records) throw invalid(inputs.baseline, "no records place is known to look in");
  const { record } = await readRecord(await store(inputs, inputs.records, ctx), inputs.baseline);
  return { label: `record ${inputs.baseline.slice(0, 12)}`, results: asMap(record.smoke) };
}

async function store(inputs: BaselineInputs, records: string, ctx: Context) {
  const target = { region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume };
  return openStore(records, await connectAws(target, ctx));
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
    next: "Give latest, the SHA-256 of a record, or the path of a record or of a smoke-test's report.",
    cause,
  });
}

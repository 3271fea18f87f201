import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Outcome } from "../action/action.ts";
import type { Context } from "../action/context.ts";
import type { Change } from "../action/plan.ts";
import { connectAws } from "../aws/session.ts";
import { type Json, sha256 } from "../canonical.ts";
import { asEksDeployError } from "../errors.ts";
import { type Named, readLatest, writeRecord } from "../record/latest.ts";
import { type ReleaseRecord, recordBytes } from "../record/record.ts";
import { keepSmoke, newestSmokes } from "../record/smoke.ts";
import { openStore, type RecordStore } from "../record/store.ts";
import { keepValues } from "../record/values.ts";
import { isRecorded } from "./recorded.ts";

/** Where the record of a release is. */
export interface Published {
  readonly path: string;
  readonly uri: string;
  readonly sha256: string;
}

/** Whose records they are, where they are, and who reads and writes them. */
export interface RecordInputs {
  readonly environment: string | undefined;
  readonly release: string;
  readonly records: string | undefined;
  readonly awsRegion: string | undefined;
  readonly awsAccountId: string | undefined;
  readonly roleToAssume: string | undefined;
}

/** What publishing asks of a finished command. */
interface Outcomes {
  readonly outcome: Outcome;
  readonly dryRun: boolean;
  readonly plan?: { readonly changes: readonly Change[] };
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** The store of these inputs; `undefined` where no place is known. */
export async function storeOf(inputs: RecordInputs, ctx: Context): Promise<RecordStore | undefined> {
  if (!inputs.records) return undefined;
  const target = { region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume };
  return openStore(inputs.records, await connectAws(target, ctx));
}

/** The change that a record of this release is, unless the latest one says the same already: so a run that was cut off between the proof and its record is made good. */
export async function recordChange(
  outputs: Readonly<Record<string, unknown>>,
  inputs: RecordInputs,
  ctx: Context,
): Promise<readonly Change[]> {
  const store = await storeOf(inputs, ctx);
  if (!store) return [];
  const latest = await readLatest(store, inputs.environment, inputs.release);
  if (latest && isRecorded(latest.record, outputs)) return [];
  const name = `${inputs.environment ?? "default"}/${inputs.release}`;
  const reason = latest ? "what is to be proven differs from the latest record" : "nothing was proven yet";
  return [
    {
      verb: "write",
      kind: "record",
      name,
      ...(latest ? { from: latest.sha256 } : {}),
      to: "what the smoke test proves",
      reason,
    },
  ];
}

/**
 * Keeps what a release proved: values file and record under their digests, the result of the smoke test, and last `latest`. A test that failed is kept as well. Nothing is
 * written in a dry run or after an empty release, which names the record that is `latest`; an empty dry run names it while it holds.
 */
export async function publish(
  ended: Outcomes,
  inputs: RecordInputs,
  make: (latest: Named | undefined) => Promise<ReleaseRecord>,
  ctx: Context,
): Promise<Published | undefined> {
  const { outcome, plan } = ended;
  const outputs = ended.outputs ?? {};
  if (!plan || !inputs.records) return undefined;
  if (ended.dryRun) return outcome === "done" && plan.changes.length === 0 ? holding(inputs, ctx) : undefined;
  if (outcome !== "done") {
    if (plan.changes.length > 0) await keepFailedSmoke(outputs, inputs, ctx);
    return undefined;
  }
  const store = (await storeOf(inputs, ctx))!;
  const latest = await readLatest(store, inputs.environment, inputs.release);
  if (plan.changes.length === 0) return latest && showRecord(latest, ctx);
  const record = await make(latest);
  await keepProvenValues(store, record, String(outputs["valuesFile"] ?? ""), ctx);
  const named = await writeRecord(store, record);
  await keepSmoke(store, smokeEntry(inputs, named.sha256, true, outputs["results"], ctx));
  return showRecord(named, ctx);
}

/**
 * The latest record, where no newer smoke test says otherwise: who finds nothing to change need not prove it again. What cannot be read is nobody's proof, and no reason for a
 * plan to fail.
 */
async function holding(inputs: RecordInputs, ctx: Context): Promise<Published | undefined> {
  try {
    const store = (await storeOf(inputs, ctx))!;
    const latest = await readLatest(store, inputs.environment, inputs.release);
    if (!latest) return undefined;
    const since = latest.record.finishedAt;
    const [newest] = await newestSmokes(store, inputs.environment ?? "default", inputs.release, since, 1);
    if (newest?.passed !== false) return showRecord(latest, ctx);
    ctx.log.info(`The newest smoke test failed (${newest.at}, ${newest.run}): a release would ask the models again`);
  } catch (thrown) {
    const { code, happened } = asEksDeployError(thrown);
    if (code === "CANCELLED") throw thrown;
    ctx.log.info(`The latest record is not named: ${happened.split("\n")[0]}`);
  }
  return undefined;
}

/** The values file must still be what was proven: something else on the runner may have written over it. */
async function keepProvenValues(store: RecordStore, record: ReleaseRecord, path: string, ctx: Context): Promise<void> {
  const text = await readFile(resolve(ctx.ambient.workspace, path)).catch(() => undefined);
  if (text && sha256(text) === record.valuesSha256) await keepValues(store, text);
  else ctx.log.info(`The values file ${path} is not what was released any more; it is not kept in records`);
}

/** A failed proof is told to those who ask how long the release has been green; where that cannot be kept, the failure itself matters more. */
async function keepFailedSmoke(
  outputs: Readonly<Record<string, unknown>>,
  inputs: RecordInputs,
  ctx: Context,
): Promise<void> {
  if (outputs["passed"] !== false) return;
  try {
    const store = (await storeOf(inputs, ctx))!;
    await keepSmoke(store, smokeEntry(inputs, null, false, outputs["results"], ctx));
  } catch (thrown) {
    ctx.log.info(`The failed smoke test is not kept in records: ${(thrown as Error).message.split("\n")[0]}`);
  }
}

/** A result of the smoke test, as it is kept. */
export function smokeEntry(
  inputs: RecordInputs,
  record: string | null,
  passed: boolean,
  results: unknown,
  ctx: Context,
) {
  return {
    version: 1,
    environment: inputs.environment ?? "default",
    release: inputs.release,
    record,
    passed,
    at: new Date(ctx.clock.now()).toISOString(),
    run: ctx.ambient.run.url,
    results: (results ?? {}) as Json,
  } as const;
}

/** Writes the record on the runner, for artifacts and for people. */
export async function showRecord(named: Named, ctx: Context): Promise<Published> {
  const folder = join(ctx.ambient.temp, "eks-deploy", "release");
  await mkdir(folder, { recursive: true });
  const path = join(folder, "record.json");
  await writeFile(path, recordBytes(named.record));
  return { path, uri: named.uri, sha256: named.sha256 };
}

import type { Context } from "../../action/context.ts";
import type { InputSources } from "../../action/load.ts";
import { type Aws, connectAws } from "../../aws/session.ts";
import { asEksDeployError, UserError } from "../../errors.ts";
import { listPrefix, parsePrefix } from "../../facts/prefix.ts";
import type { ReleaseRecord } from "../../record/record.ts";
import { openStore, type RecordStore } from "../../record/store.ts";
import { loadSpec } from "../../spec/load.ts";
import type { RootInputs } from "../command.ts";
import { inputsOf, placeContract } from "../inputs.ts";
import type { Place } from "../prove.ts";

/** The environment that a record comes from: its place, its records, and who reads there. */
export interface Origin {
  readonly environment: string;
  readonly place: Place;
  readonly store: RecordStore;
  /** A principal of that account; absent: only the target's own reads there, if it may. */
  readonly reader: Aws | undefined;
}

/** What the links of `to` read: its spec, and no report of anybody. Inputs that the user wrote are about `to`. */
export async function targetSources(to: string, sources: InputSources, ctx: Context): Promise<InputSources> {
  const spec = await loadSpec(sources.input("spec"), to, ctx);
  if (!spec) throw noSpec();
  return {
    ...sources,
    input: (name) => (name === "environment" ? to : sources.input(name)),
    report: () => undefined,
    spec: (path) => spec.find(path),
  };
}

/** Opens the records of `from`, as its spec alone says. */
export async function openOrigin(
  from: string,
  target: Aws,
  inputs: RootInputs,
  sources: InputSources,
  ctx: Context,
): Promise<Origin> {
  const spec = await loadSpec(sources.input("spec"), from, ctx);
  if (!spec) throw noSpec();
  const own: InputSources = {
    ...sources,
    input: (name) => (name === "environment" ? from : undefined),
    report: () => undefined,
    spec: (path) => spec.find(path),
  };
  const place = inputsOf(placeContract(inputs.dryRun ? "plan" : "transfer"), own);
  if (!place.records) {
    throw new UserError("RELEASE_NO_RECORDS", {
      happened: `No place of records is known for ${from}.`,
      next: `Set records or checkpoints.bucket for ${from} in the spec.`,
    });
  }
  const reader = await readerOf(place, target, ctx);
  const store = await openStore(place.records, reader ?? target, place.awsAccountId ?? (reader ?? target).account);
  return { environment: from, place, store, reader };
}

/** The role of `from`, else the job's own credentials where they are of that account. */
async function readerOf(place: Place, target: Aws, ctx: Context): Promise<Aws | undefined> {
  const { awsRegion: region, awsAccountId: account, roleToAssume: role } = place;
  if (role && ctx.ambient.oidc) return connectAws({ region, accountId: account, role }, ctx);
  if (account === undefined || (account === target.account && region === target.region)) return target;
  try {
    return await connectAws({ region, accountId: account, role: undefined }, ctx);
  } catch (thrown) {
    const { code } = asEksDeployError(thrown);
    if (["AWS_ACCOUNT_MISMATCH", "AWS_NO_CREDENTIALS"].includes(code)) return undefined;
    throw thrown;
  }
}

/** How the bytes of a record move. */
export interface Copying {
  readonly mode: "server" | "stream";
  /** Who reads images; absent: the target's own principal. */
  readonly images: Aws | undefined;
  /** Who reads checkpoints, which then pass through this runner; absent: S3 copies them by itself. */
  readonly checkpoints: Aws | undefined;
}

/**
 * `server`: the target's principal reads there and writes here. `stream`: each side has its own. `auto`: S3 copies where the target's principal may read the
 * checkpoints and they lie in its region; images pass through the runner in any case, read by whoever can.
 */
export async function copyingOf(
  wish: "auto" | "server" | "stream",
  record: ReleaseRecord,
  origin: Origin,
  target: Aws,
  ctx: Context,
): Promise<Copying> {
  const other = origin.reader && origin.reader !== target ? origin.reader : undefined;
  if (wish === "stream") {
    if (!other) throw nobodyReads(origin, target);
    return { mode: "stream", images: other, checkpoints: other };
  }
  if (!other) return { mode: "server", images: undefined, checkpoints: undefined };
  const direct = await mayRead(record, target, ctx);
  if (wish === "server") {
    if (!direct) throw serverMayNot(record, target);
    return { mode: "server", images: undefined, checkpoints: undefined };
  }
  return { mode: direct ? "server" : "stream", images: other, checkpoints: direct ? undefined : other };
}

/** Whether the target's principal may list the record's checkpoints, from its own region. */
async function mayRead(record: ReleaseRecord, target: Aws, ctx: Context): Promise<boolean> {
  const [first] = Object.values(record.checkpoints);
  const prefix = first && parsePrefix(first.prefix);
  if (!prefix || record.region !== target.region) return prefix === undefined;
  try {
    await listPrefix(prefix, target, ctx.signal, "any");
    return true;
  } catch (thrown) {
    if (asEksDeployError(thrown).code === "AWS_ACCESS_DENIED") return false;
    throw thrown;
  }
}

function serverMayNot(record: ReleaseRecord, target: Aws): UserError {
  const bucket = parsePrefix(Object.values(record.checkpoints)[0]?.prefix ?? "")?.bucket;
  const apart = record.region !== target.region;
  return new UserError("RELEASE_PROMOTE_READER", {
    happened: apart
      ? `copy is server, and the checkpoints lie in ${record.region}, the target in ${target.region}: S3 is asked to copy within one region only. Nothing was written.`
      : `copy is server, and ${target.arn} may not list the checkpoints in ${bucket}. Nothing was written.`,
    next: apart
      ? "Set copy: stream, or leave it at auto."
      : `Let the policy of the bucket ${bucket} (and of its key) allow that role s3:ListBucket, s3:GetObject and s3:GetObjectAttributes, and the policies of the repositories pulling; or set copy: stream.`,
  });
}

function noSpec(): UserError {
  return new UserError("RELEASE_PROMOTE_INPUT", {
    happened: "A promotion needs a spec with both environments, and there is none.",
    next: "Give spec, or add eks-deploy.yaml to the repository and let actions/checkout run before this step.",
  });
}

function nobodyReads({ environment, place }: Origin, target: Aws): UserError {
  return new UserError("RELEASE_PROMOTE_READER", {
    happened: `copy is stream, and there is no principal of ${environment} (account ${place.awsAccountId ?? "unknown"}) beside ${target.arn}.`,
    next: `Set aws.roles.plan and aws.roles.transfer for ${environment} and give the job id-token: write; or set copy: server and let the role of the target read there.`,
  });
}

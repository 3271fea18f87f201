import type { Context } from "../action/context.ts";
import type { InputSources } from "../action/load.ts";
import { type Aws, connectAws, connections } from "../aws/session.ts";
import { UserError } from "../errors.ts";
import { bucketFacts } from "../facts/bucket.ts";
import { findRecord } from "../record/find.ts";
import type { RecordedCheckpoint } from "../record/record.ts";
import { openStore as openRecords } from "../record/store.ts";
import { sendingThreads } from "../transfer/sending-threads.ts";
import { checkKey, encryptionOf } from "./encryption.ts";
import type { SyncInputs } from "./inputs.ts";
import { openStore, type Store } from "./upload/store.ts";
import { givenPrefixes, type Wanted, wantedFrom } from "./wanted.ts";

/** What the steps talk through. */
export interface SyncClients {
  readonly aws: Aws;
  readonly wanted: Wanted;
  /** The bucket that is written to; absent where every prefix is given and no bucket is named. */
  readonly store: Store | undefined;
  /** Who reads the sources in S3, where that is another principal than the one who writes: their bytes then pass through this runner. */
  readonly readAs?: Aws;
  /** Closed with the action. */
  readonly opened: { close(): Promise<void> }[];
}

/** Signs in and looks at the bucket: the wrong account, region, owner or a key that cannot be used end here, before the first write. */
export async function connectSync(
  inputs: SyncInputs,
  ctx: Context,
  sources: Pick<InputSources, "report" | "spec" | "input">,
): Promise<SyncClients> {
  const aws = await connectAws(
    { region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume },
    ctx,
  );
  const recorded = inputs.fromRecord ? await recordedCheckpoints(inputs, aws, ctx, sources) : undefined;
  const wanted = wantedFrom(inputs, givenPrefixes(sources), recorded, ctx);
  if (inputs.bucket === undefined) {
    if (wanted.models.length > 0) throw noBucket();
    return { aws, wanted, store: undefined, opened: [] };
  }
  const owner = inputs.bucketOwner ?? aws.account;
  const bucket = await bucketFacts(inputs.bucket, aws, ctx, owner);
  if (wanted.models.length > 0) await checkKey(inputs.kmsKeyArn, bucket, aws, ctx);
  const threads = sendingThreads(ctx, connections);
  const store = await openStore(
    { bucket: inputs.bucket, owner, encryption: encryptionOf(inputs.kmsKeyArn), threads },
    aws,
    ctx,
  );
  return { aws, wanted, store, opened: [threads] };
}

/** Lets go of the sources. */
export async function closeSync(clients: SyncClients): Promise<void> {
  for (const source of clients.opened.splice(0)) await source.close();
}

async function recordedCheckpoints(
  inputs: SyncInputs,
  aws: Aws,
  ctx: Context,
  sources: Pick<InputSources, "spec" | "input">,
): Promise<Readonly<Record<string, RecordedCheckpoint>>> {
  const release = sources.input("release") || sources.spec("release")?.value || "inference";
  const { record } = await findRecord(inputs.fromRecord!, {
    open: async (place = inputs.records) => (place === undefined ? undefined : openRecords(place, aws)),
    environment: inputs.environment,
    release: String(release),
    workspace: ctx.ambient.workspace,
  });
  return record.checkpoints;
}

function noBucket(): UserError {
  return new UserError("CHECKPOINT_NO_BUCKET", {
    happened: "It is not known into which bucket the checkpoints shall go.",
    next: "Give the input bucket, or checkpoints.bucket in the spec.",
  });
}

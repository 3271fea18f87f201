import type { Context } from "../action/context.ts";
import type { InputSources } from "../action/load.ts";
import type { SourceRef } from "../action/references.ts";
import { type Aws, connectAws } from "../aws/session.ts";
import { noBundle } from "../bundle/bundle.ts";
import { UserError } from "../errors.ts";
import { releaseOwner } from "../facts/owner.ts";
import { openStore } from "../record/store.ts";
import { type Earlier, earlierPush } from "./earlier.ts";
import { ecrLogin } from "./ecr/login.ts";
import type { RepositorySettings } from "./ecr/settings.ts";
import type { RegistryMeans } from "./observe.ts";
import { createWire } from "./registry/wire.ts";

/** Where the bundle is; `unset`: in a variable that this job does not have. */
export type BundleRef = SourceRef | { readonly kind: "unset"; readonly variable: string };

/** What the room takes of the action's inputs. */
export interface ImageInputs {
  readonly bundle: BundleRef | undefined;
  readonly bundleSha256: string | undefined;
  readonly images: readonly string[];
  readonly repositoryPrefix: string;
  readonly createRepositories: boolean;
  readonly tagMutability: RepositorySettings["mutability"];
  readonly tagMutabilityExclusions: readonly string[];
  readonly scanOnPush: RepositorySettings["scanOnPush"];
  readonly encryptionKey: string | undefined;
  readonly pullAccounts: readonly string[];
  readonly extractTo: string | undefined;
  readonly concurrency: number;
  readonly memory: number;
  readonly release: string;
  readonly environment: string | undefined;
  readonly records: string | undefined;
  readonly fromRecord: string | undefined;
  readonly awsRegion: string | undefined;
  readonly awsAccountId: string | undefined;
  readonly roleToAssume: string | undefined;
}

/** What the steps talk through. */
export interface ImageClients extends RegistryMeans {
  /** Who reads the registry of a release record, where that is another principal than the one who pushes. */
  readonly readAs?: Aws;
  /** What an earlier job says it pushed; this one then only looks whether it stands. */
  readonly earlier: Earlier | undefined;
  /** Closed with the action. */
  readonly opened: { close(): Promise<void> }[];
}

/** Signs in to AWS and to the registry. The wrong account ends here, before anything else. */
export async function connectImages(
  inputs: ImageInputs,
  ctx: Context,
  sources: Pick<InputSources, "report" | "input">,
): Promise<ImageClients> {
  const settings = settingsOf(inputs);
  refuseFilters(settings);
  const earlier = reported(inputs, sources);
  if (!earlier && !inputs.fromRecord && (!inputs.bundle || inputs.bundle.kind === "unset"))
    throw unsetBundle(inputs.bundle);
  const target = { region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume };
  const aws = await connectAws(target, ctx);
  const login = await ecrLogin(aws, aws.account, ctx);
  return {
    ctx,
    aws,
    earlier,
    wire: createWire(login, aws.agents, ctx),
    store: inputs.records ? await openStore(inputs.records, aws) : undefined,
    opened: [],
  };
}

/**
 * An input comes before a report, and a report before the spec; but an input that names the very bundle of the report asks for nothing else, and
 * its presigned URL may have run out while the deployment waited for its approval.
 */
function reported(inputs: ImageInputs, sources: Pick<InputSources, "report" | "input">): Earlier | undefined {
  const earlier = earlierPush(sources);
  const { bundle } = inputs;
  if (sources.input("from-record")) return undefined;
  if (!sources.input("bundle") || !bundle || bundle.kind === "unset") return earlier;
  return earlier?.bundle === bundle.label ? earlier : undefined;
}

/** How repositories that we make are set up. */
export function settingsOf(inputs: ImageInputs): RepositorySettings {
  return {
    mutability: inputs.tagMutability,
    exclusions: inputs.tagMutabilityExclusions,
    scanOnPush: inputs.scanOnPush,
    encryptionKey: inputs.encryptionKey,
    pullAccounts: inputs.pullAccounts,
    owner: releaseOwner(inputs.release, inputs.environment),
  };
}

function refuseFilters({ mutability, exclusions }: RepositorySettings): void {
  const takes = mutability.endsWith("_WITH_EXCLUSION");
  if (takes ? exclusions.length >= 1 && exclusions.length <= 5 : exclusions.length === 0) return;
  throw new UserError("REPOSITORY_FILTERS", {
    happened: takes
      ? `tag-mutability ${mutability} takes 1 to 5 tag-mutability-exclusions; ${exclusions.length} were given.`
      : `tag-mutability-exclusions were given, and tag-mutability is ${mutability}, which has none.`,
    next: takes
      ? "Give 1 to 5 filters, such as latest*."
      : `Set tag-mutability: ${mutability}_WITH_EXCLUSION, or leave the filters out.`,
  });
}

/** The refusal to go on without a bundle; the usual reason is a secret that the workflow does not pass. */
export function unsetBundle(bundle: BundleRef | undefined): UserError {
  if (bundle?.kind !== "unset")
    return noBundle(
      "No bundle was given.",
      "Give the input bundle, images.bundle in the spec, from-record, or reports of the job that pushed.",
    );
  return noBundle(
    `bundle names the variable ${bundle.variable}, which is not set.`,
    `Give the step env: { ${bundle.variable}: \${{ secrets.${bundle.variable} }} }, or reports of the job that pushed.`,
  );
}

/** Lets go of files and connections. */
export async function closeImages(clients: ImageClients): Promise<void> {
  for (const opened of clients.opened.splice(0)) await opened.close();
}

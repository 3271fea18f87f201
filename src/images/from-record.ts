import { type Aws, connectAws } from "../aws/session.ts";
import { type Chart, chartAltered } from "../bundle/chart.ts";
import { openChart } from "../bundle/open-chart.ts";
import { asEksDeployError, UserError } from "../errors.ts";
import { findRecord } from "../record/find.ts";
import type { ReleaseRecord } from "../record/record.ts";
import { openStore } from "../record/store.ts";
import { shown } from "../tar/names.ts";
import { type KnownCargo, unasked } from "./cargo.ts";
import type { ImageClients, ImageInputs } from "./connect.ts";
import { ecrLogin } from "./ecr/login.ts";
import { comparePresets, type Goal, isTag, refuseRepository, refuseUnknown, repositoryName } from "./goal.ts";
import { readRemoteImage } from "./oci/remote.ts";
import { blobFrom } from "./registry/download.ts";
import { readManifest } from "./registry/manifests.ts";
import { createWire, type Wire } from "./registry/wire.ts";

/** The proven images of a release record: they are looked for here, and copied by digest from the record's own registry where they are missing. */
export async function recordCargo(inputs: ImageInputs, clients: ImageClients): Promise<KnownCargo> {
  const { ctx, aws, store } = clients;
  const { environment, release } = inputs;
  const { sha256, record } = await findRecord(inputs.fromRecord!, {
    open: async (place) => (place ? openStore(place, aws) : store),
    environment,
    release,
    workspace: ctx.ambient.workspace,
  });
  refuseUnknown(Object.keys(record.images), inputs.images, "The record");
  const sources = new Map<string, { readonly repository: string }>(Object.entries(record.images));
  const goals = Object.entries(record.images)
    .filter(([name]) => inputs.images.length === 0 || inputs.images.includes(name))
    .map(([name, image]): Goal => {
      refuseRepository(image.repository);
      if (!isTag(image.tag)) throw notATag(name, image.tag);
      const repository = repositoryName(inputs.repositoryPrefix, name);
      return { name, repository, tag: image.tag, digest: image.digest };
    });
  const chart = await recordedChart(record, clients);
  if (chart) comparePresets(goals, inputs.images, chart);
  let wire: Promise<Wire> | undefined;
  const source = () => {
    wire ??= sourceWire(record, inputs, clients);
    return wire;
  };
  return {
    kind: "known",
    label: `record ${sha256.slice(0, 12)}`,
    goals,
    leftOut: unasked(Object.keys(record.images), goals),
    chart,
    chartSha256: record.chart.sha256 || undefined,
    identity: undefined,
    async contents(goal) {
      const { repository } = sources.get(goal.name)!;
      const from = await source();
      const found = await readManifest(from, repository, goal.digest).catch((thrown: unknown) => {
        throw record.account === aws.account ? thrown : notLetIn(thrown, record, repository, clients.readAs ?? aws);
      });
      if (!found) throw gone(goal, `${from.endpoint.host}/${repository}`);
      return readRemoteImage(from, repository, goal.digest, `${record.account}/${repository}`);
    },
    blob: (goal, blob) => blobFrom(source, sources.get(goal.name)!.repository, blob),
  };
}

async function recordedChart(record: ReleaseRecord, { ctx, aws }: ImageClients): Promise<Chart | undefined> {
  if (!record.chart.place) return undefined;
  const chart = await openChart(record.chart.place, { ctx, aws: async () => aws });
  if (chart.archive.sha256 === record.chart.sha256) return chart;
  throw chartAltered(record.chart.place, chart.archive.sha256, record.chart.sha256);
}

function notATag(name: string, tag: string): UserError {
  return new UserError("IMAGE_TAG_INVALID", {
    happened: `The record gives ${name} the tag ${shown(tag)}, which no registry takes.`,
    next: "Give a record that eks-deploy wrote.",
  });
}

function gone({ name, digest }: Goal, place: string): UserError {
  return new UserError("IMAGES_FROM_RECORD", {
    happened: `The record names ${name} as ${digest}, which is not in this registry, nor in ${place}.`,
    next: "Push it from its bundle, then run again.",
  });
}

/** Across accounts both sides must say yes: the repository's policy, and the role's own. */
function notLetIn(thrown: unknown, record: ReleaseRecord, repository: string, { account, arn }: Aws): unknown {
  if (asEksDeployError(thrown).code !== "REGISTRY_DENIED") return thrown;
  return new UserError("IMAGES_PULL_DENIED", {
    happened: `The repository ${repository} of account ${record.account} does not let ${arn} pull: ${asEksDeployError(thrown).happened}`,
    next: `Let the policy of that repository allow account ${account} ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:BatchCheckLayerAvailability (pull-accounts: ${account} in a release to ${record.environment} sets it), and the role the same by its own policy; a promotion needs neither with copy: stream.`,
    cause: thrown,
  });
}

/** The registry that the record is of: with the job's ambient credentials where they are of that account, else with our own, if its policies let us pull. */
async function sourceWire(record: ReleaseRecord, inputs: ImageInputs, clients: ImageClients): Promise<Wire> {
  const { ctx, aws, wire } = clients;
  if (record.account === aws.account && record.region === aws.region) return wire;
  const session = clients.readAs ?? (await sessionFor(record, inputs, ctx, aws));
  return createWire(await ecrLogin(session, record.account, ctx), session.agents, ctx);
}

async function sessionFor(
  record: ReleaseRecord,
  inputs: ImageInputs,
  ctx: ImageClients["ctx"],
  own: Aws,
): Promise<Aws> {
  const target = { region: record.region, accountId: undefined };
  const ambient = inputs.roleToAssume
    ? await connectAws({ ...target, role: undefined }, ctx).catch(() => undefined)
    : undefined;
  if (ambient?.account === record.account) return ambient;
  return record.region === own.region ? own : connectAws({ ...target, role: inputs.roleToAssume }, ctx);
}

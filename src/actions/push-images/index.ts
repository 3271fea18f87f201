import type { Action, Verdict } from "../../action/action.ts";
import type { Inputs, Outputs } from "../../action/contract.ts";
import { isUnknown, type Known, type Plan, unknown } from "../../action/plan.ts";
import { applyImages } from "../../images/apply.ts";
import { closeImages, connectImages, type ImageClients, settingsOf } from "../../images/connect.ts";
import type { Goal } from "../../images/goal.ts";
import { type Loaded, loadCargo } from "../../images/load.ts";
import { observeImages } from "../../images/observe.ts";
import { type ObservedImages, placedImages, planImages, totalBytes } from "../../images/plan.ts";
import type { ImagesApplied, ImagesPlanned } from "../../images/planned.ts";
import { imagesBlocks, imagesHeadline, leftOutNote, unreadNote } from "../../images/report.ts";
import { readBack } from "../../images/verify.ts";
import { contract } from "./contract.ts";

type Contract = typeof contract;

/** What is to be pushed, and what stands in the registry. */
interface Observed {
  readonly loaded: Loaded;
  readonly images: ObservedImages;
}

/** push-images: from the bundle to ECR, by digest. */
export const pushImages: Action<Contract, ImageClients, Observed, ImagesPlanned, ImagesApplied> = {
  contract,
  connect: (inputs, ctx, sources) => connectImages(inputs, ctx, sources),
  async observe(inputs, clients) {
    const loaded = await loadCargo(inputs, clients);
    const settings = settingsOf(inputs);
    const images = await observeImages(loaded.cargo, inputs.repositoryPrefix, settings, loaded.indexKept, clients);
    return { loaded, images };
  },
  plan(inputs, { loaded, images }): Plan<ImagesPlanned, Outputs<Contract>> {
    const planned = planImages(images, {
      settings: settingsOf(inputs),
      createRepositories: inputs.createRepositories,
      selected: inputs.images,
    });
    return {
      changes: planned.changes,
      endState: planned.endState,
      outputs: outputsOf(inputs, { loaded, images }, planned.images, planned.work.push?.length === 0),
      work: { inputs, loaded, observed: images, work: planned.work },
    };
  },
  apply: (plan, clients) => applyImages(plan.work, clients),
  async verify(plan, applied, clients): Promise<Verdict<Outputs<Contract>>> {
    if (!applied) return { outputs: plan.outputs as Outputs<Contract> };
    await readBack(applied.pushed, clients.wire);
    const outputs = {
      ...plan.outputs,
      images: placedImages(applied.goals, plan.work.observed, applied.pushed),
      imagesBytesUploaded: applied.result.bytesUploaded,
      imagesBytesTotal: totalBytes(applied.goals),
      chart: applied.chart,
      chartSha256: applied.chartSha256,
    };
    return { outputs: outputs as Outputs<Contract> };
  },
  report(finished) {
    const images = finished.outputs?.images;
    const known = isUnknown(images) ? undefined : images;
    const goals = finished.applied?.goals ?? finished.observed?.images.goals ?? [];
    const platforms = Object.fromEntries(goals.map((goal) => [goal.name, goal.platforms ?? []]));
    const result = finished.applied?.result;
    const headline = finished.failure
      ? `No image was called pushed: ${finished.failure.happened.split("\n")[0]}`
      : imagesHeadline(known, result, finished.dryRun);
    const cargo = finished.observed?.loaded.cargo;
    const notes = finished.failure
      ? []
      : [
          unreadNote(finished.inputs, cargo, finished.plan?.work.work.push),
          leftOutNote(finished.applied?.leftOut ?? cargo?.leftOut),
        ];
    return { headline, blocks: imagesBlocks(known, platforms, result, totalOf(goals), notes) };
  },
  close: (clients) => closeImages(clients),
};

/** Bytes of all images, where all sizes are known. */
function totalOf(goals: readonly Goal[]): number | undefined {
  return goals.every(({ size }) => size !== undefined) ? totalBytes(goals) : undefined;
}

/** The outputs, as far as they follow from the plan; a compressed bundle that nobody has read yet leaves most of them open. */
function outputsOf(
  inputs: Inputs<Contract>,
  { loaded, images: observed }: Observed,
  images: Known<Outputs<Contract>["images"]>,
  nothingToPush: boolean,
): Plan<ImagesPlanned, Outputs<Contract>>["outputs"] {
  const open = unknown("known once the bundle was read", observed.source.identity);
  const total = observed.goals && totalBytes(observed.goals);
  const unread = observed.goals === undefined;
  return {
    registry: observed.registry,
    images,
    imagesBytesUploaded: nothingToPush ? 0 : open,
    imagesBytesTotal: unread ? open : total,
    bundle: observed.source.label,
    bundleIdentity: observed.source.onePass ? observed.source.identity : "",
    ...(loaded.bundleDir && (!nothingToPush || !inputs.extractTo) ? { bundleDir: loaded.bundleDir } : {}),
    chart: unread ? open : (loaded.chart ?? ""),
    chartSha256: unread ? open : (observed.chartSha256 ?? ""),
  };
}

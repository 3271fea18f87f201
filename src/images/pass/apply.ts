import { size } from "../../action/describe.ts";
import { chartPath } from "../../bundle/chart-cache.ts";
import { indexBytes, keepIndex } from "../bundle-index.ts";
import { bundleDiffers, type PassCargo, unasked } from "../cargo.ts";
import type { ImageClients } from "../connect.ts";
import { mountingEnabled } from "../ecr/mounting.ts";
import { comparePresets, goalsOf } from "../goal.ts";
import { keepThings } from "../keep.ts";
import { placeOf } from "../load.ts";
import type { ImagesApplied, ImagesPlanned } from "../planned.ts";
import { tellPushed } from "../push/push.ts";
import type { Passed } from "./pass.ts";
import { Passage } from "./passage.ts";
import { blobsLost } from "./refusals.ts";

/** A connection that breaks under a blob too large to keep costs another pass; after so many it is told. */
const mostPasses = 3;

/**
 * Pushes a compressed bundle while it passes. Blobs and, once an image is whole, its manifests by digest go out at once; tags are written when the
 * whole bundle has passed: its end, its SHA-256 and the chart's presets may still speak against it.
 */
export async function applyPass(
  planned: ImagesPlanned,
  cargo: PassCargo,
  clients: ImageClients,
  empty: Set<string>,
): Promise<ImagesApplied> {
  const { inputs, observed, work } = planned;
  if (work.push?.length === 0) return nothingToPush(planned, cargo, clients);
  const { ctx } = clients;
  ctx.log.info(`${cargo.bundle.label} is read in one pass, with ${size(inputs.memory)} of memory and nothing on disk.`);
  const passage = new Passage(planned, cargo, clients);
  const { chart, sha256 } = await passUntilWhole(passage, empty, clients);
  const expected = inputs.bundleSha256;
  if (expected && sha256 !== expected) throw bundleDiffers(cargo.bundle, expected, sha256 ?? "");
  const goals = goalsOf(passage.images(), [], inputs.repositoryPrefix);
  if (chart && !observed.goals) comparePresets(goals, inputs.images, chart);
  const tagged = await passage.writeTags(goals);
  for (const goal of tagged) tellPushed(goal, passage.ends.get(goal.name)!.pushed!, ctx.log.info);
  const chartSha256 = chart?.archive.sha256;
  if (chart) await keepThings([{ kind: "chart", path: chartPath(chart.archive.sha256), kept: false }], chart, clients);
  const index = cargo.indexText ?? indexBytes(passage.layouts(), cargo.identity, chartSha256);
  await keepIndex(index, cargo.identity, clients.store, ctx);
  return {
    result: {
      images: tagged.flatMap((goal) => passage.ends.get(goal.name)?.pushed ?? []),
      bytesUploaded: passage.progress.uploaded,
    },
    goals: observed.goals ?? goals,
    pushed: work.push ?? tagged,
    leftOut: cargo.leftOut ?? unasked(passage.names(), goals),
    chart: await placeOf(chart, clients),
    chartSha256,
  };
}

/** Passes over the bundle until nothing is lost. What the first pass saw holds: it alone sees everything. */
async function passUntilWhole(passage: Passage, empty: Set<string>, { aws, ctx }: ImageClients): Promise<Passed> {
  const first = await passage.run(await mountingEnabled(aws, ctx.signal), empty);
  for (let pass = 2; passage.lost.length > 0 && pass <= mostPasses; pass += 1) {
    ctx.log.info(`A connection broke under ${passage.lost.join(", ")}: the bundle is read again, for what is missing.`);
    await passage.run(false);
  }
  if (passage.lost.length > 0) throw blobsLost(passage.lost);
  return first;
}

/** All images stand; only records lack something that an earlier step found out. */
async function nothingToPush(
  { observed, loaded, work }: ImagesPlanned,
  cargo: PassCargo,
  clients: ImageClients,
): Promise<ImagesApplied> {
  await keepThings(work.keep, cargo.chart, clients);
  if (cargo.indexText && work.keep.some(({ kind }) => kind === "bundle index"))
    await keepIndex(cargo.indexText, cargo.identity, clients.store, clients.ctx);
  return {
    result: { images: [], bytesUploaded: 0 },
    goals: observed.goals ?? [],
    pushed: [],
    leftOut: cargo.leftOut ?? [],
    chart: loaded.chart,
    chartSha256: observed.chartSha256,
  };
}

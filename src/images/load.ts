import type { SourceRef } from "../action/references.ts";
import type { ArchiveBundle, Bundle, StreamBundle } from "../bundle/bundle.ts";
import type { Chart } from "../bundle/chart.ts";
import { chartPath, keepChart, keptChart } from "../bundle/chart-cache.ts";
import { Extraction, refuseLargePart } from "../bundle/extract.ts";
import { contentOf } from "../bundle/files.ts";
import { type BundleMemory, openBundle } from "../bundle/open.ts";
import { openChart } from "../bundle/open-chart.ts";
import { EksDeployError, UserError } from "../errors.ts";
import { readIndex } from "./bundle-index.ts";
import { archiveCargo, type BundleWishes, type Cargo, identityOf, passCargo } from "./cargo.ts";
import { type ImageClients, type ImageInputs, unsetBundle } from "./connect.ts";
import { recordCargo } from "./from-record.ts";
import { isPrefix, openPrefixBundle } from "./prefix-bundle.ts";

/** What is to be pushed, and what of it was found without reading a layer. */
export interface Loaded {
  readonly cargo: Cargo;
  /** The index of a compressed bundle is in records already. */
  readonly indexKept: boolean;
  /** Output `chart`: its place in records, else its path on this runner. */
  readonly chart: string | undefined;
  /** Output `bundle-dir`. */
  readonly bundleDir: string | undefined;
}

/** A small blob is held whole until it is proven; with less, nothing could pass beside it. */
const fewest = 24 * 2 ** 20;

/** How a compressed bundle's memory is shared, bytes: a quarter for reading ahead, the rest for what is inflated and on its way. */
export function memoryFor({ memory }: Pick<ImageInputs, "memory">): BundleMemory {
  return { ahead: memory / 4, inflated: Math.max(fewest, (memory * 3) / 4) };
}

/** Opens what the inputs name: the report of an earlier push, a release record, or a bundle. */
export async function loadCargo(inputs: ImageInputs, clients: ImageClients): Promise<Loaded> {
  if (clients.earlier) return fromReport(clients);
  if (inputs.fromRecord) {
    const cargo = await recordCargo(inputs, clients);
    return { cargo, indexKept: true, chart: await placeOf(cargo.chart, clients), bundleDir: undefined };
  }
  const ref = inputs.bundle;
  if (!ref || ref.kind === "unset") throw unsetBundle(ref);
  const bundle = await openPlace(ref, inputs, clients);
  clients.opened.push(bundle);
  const wishes: BundleWishes = {
    selected: inputs.images,
    prefix: inputs.repositoryPrefix,
    sha256: inputs.bundleSha256,
  };
  return bundle.kind === "archives"
    ? fromArchives(bundle, wishes, inputs, clients)
    : fromStream(bundle, wishes, inputs, clients);
}

/** A place in S3 where no object lies may be a folder that was named without its slash. */
async function openPlace(ref: SourceRef, inputs: ImageInputs, clients: ImageClients): Promise<Bundle> {
  if (ref.kind === "s3" && isPrefix(ref)) return openPrefixBundle(ref, clients);
  const means = { ctx: clients.ctx, aws: async () => clients.aws };
  try {
    return await openBundle(ref, memoryFor(inputs), means);
  } catch (thrown) {
    if (ref.kind !== "s3" || codeOf(thrown) !== "SOURCE_NOT_FOUND") throw thrown;
    const folder = { ...ref, key: `${ref.key}/`, label: `${ref.label}/` };
    return openPrefixBundle(folder, clients).catch((other: unknown) => {
      throw ["BUNDLE_NOT_FOUND", "SOURCE_DENIED"].includes(codeOf(other) ?? "") ? thrown : other;
    });
  }
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof EksDeployError ? thrown.code : undefined;
}

function fromReport({ earlier, wire }: ImageClients): Loaded {
  const { goals, bundle, chart, chartSha256, identity, bundleDir, origin } = earlier!;
  const missing = (name: string) =>
    new UserError("IMAGES_FROM_RECORD", {
      happened: `${origin} says that ${name} was pushed to ${wire.endpoint.host}, and it is not there.`,
      next: "Push it again, and give the report of that job.",
    });
  return {
    cargo: {
      kind: "known",
      label: bundle || origin,
      goals,
      leftOut: [],
      chart: undefined,
      chartSha256: chartSha256 || undefined,
      identity: identity || undefined,
      contents: (goal) => Promise.reject(missing(`${goal.repository}:${goal.tag}`)),
      blob: (goal) => {
        throw missing(goal.repository);
      },
    },
    indexKept: true,
    chart: chart || undefined,
    bundleDir: bundleDir || undefined,
  };
}

async function fromArchives(
  bundle: ArchiveBundle,
  wishes: BundleWishes,
  inputs: ImageInputs,
  clients: ImageClients,
): Promise<Loaded> {
  const cargo = await archiveCargo(bundle, wishes, clients.ctx.signal);
  const extracted = bundle.folder ?? (await extractParts(bundle, inputs.extractTo, clients));
  return { cargo, indexKept: true, chart: await placeOf(cargo.chart, clients), bundleDir: extracted };
}

/** Small parts of what is not on this disk are written at once: they cost nothing, and a later step finds them also after a run that changed nothing. */
async function extractParts(
  bundle: ArchiveBundle,
  folder: string | undefined,
  { ctx }: ImageClients,
): Promise<string | undefined> {
  if (!folder) return undefined;
  const extraction = new Extraction(folder, ctx.ambient.workspace);
  await extraction.rootIs(bundle.root);
  for (const { path, size } of bundle.parts) {
    refuseLargePart(path, size);
    extraction.admit(path, size);
  }
  for (const part of bundle.parts) await extraction.write(part.path, await contentOf(part, ctx.signal), part.mode);
  return extraction.folder;
}

async function fromStream(
  bundle: StreamBundle,
  wishes: BundleWishes,
  inputs: ImageInputs,
  clients: ImageClients,
): Promise<Loaded> {
  const { ctx, store } = clients;
  const found = await readIndex(identityOf(bundle, wishes), store, ctx);
  const chart = found?.index.chartSha256 ? await indexedChart(found.index.chartSha256, clients) : undefined;
  const usable = found && (chart !== undefined || found.index.chartSha256 === undefined) ? found : undefined;
  const cargo = passCargo(bundle, usable, chart, wishes);
  const bundleDir = inputs.extractTo ? new Extraction(inputs.extractTo, ctx.ambient.workspace).folder : undefined;
  return { cargo, indexKept: usable?.kept ?? false, chart: await placeOf(chart, clients), bundleDir };
}

/** The chart that an index names, from this runner or from records; `undefined` where it is in neither, so that the bundle must be read. */
async function indexedChart(digest: string, { ctx, aws, store }: ImageClients): Promise<Chart | undefined> {
  const path = chartPath(digest);
  const local = (await keptChart(digest, ctx)) !== undefined;
  if (!local && !(await store?.list(path))?.includes(path)) return undefined;
  return openChart(`${store?.place ?? ""}${path}`, { ctx, aws: async () => aws });
}

/** Keeps the chart on this runner; gives its place in records, where it will be, else its path. */
export async function placeOf(
  chart: Chart | undefined,
  { ctx, store }: Pick<ImageClients, "ctx" | "store">,
): Promise<string | undefined> {
  if (!chart) return undefined;
  const path = await keepChart(chart, ctx);
  return store ? `${store.place}${chartPath(chart.archive.sha256)}` : path;
}

import { size } from "../../action/describe.ts";
import { Extraction } from "../../bundle/extract.ts";
import type { ArchiveName } from "../../bundle/names.ts";
import { Cancelled } from "../../errors.ts";
import { createQueue } from "../../transfer/queue.ts";
import { indexBytes, type KeptLayout, keepIndex } from "../bundle-index.ts";
import { bundleDiffers, type PassCargo } from "../cargo.ts";
import type { ImageClients } from "../connect.ts";
import { mountingEnabled } from "../ecr/mounting.ts";
import { comparePresets, type Goal, goalsOf, type NamedImage, repositoryName, selectImages } from "../goal.ts";
import { keepThings } from "../keep.ts";
import { aheadShare, placeOf } from "../load.ts";
import type { ImagesApplied, ImagesPlanned } from "../planned.ts";
import { putTag, rootOf } from "../push/finish.ts";
import { Placement } from "../push/place.ts";
import { Progress } from "../push/progress.ts";
import { tellPushed } from "../push/push.ts";
import { tagDigest } from "../registry/manifests.ts";
import { ensureRepository } from "../repository.ts";
import { essence, takeApart } from "./archive.ts";
import { type ArchiveEnd, ArchivePush } from "./archive-push.ts";
import { type Passed, passBundle } from "./pass.ts";
import { blobsLost } from "./refusals.ts";
import { spoolPool } from "./spool.ts";

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
): Promise<ImagesApplied> {
  const { inputs, observed, work } = planned;
  if (work.push?.length === 0) return nothingToPush(planned, cargo, clients);
  const { ctx } = clients;
  ctx.log.info(`${cargo.bundle.label} is read in one pass, with ${size(inputs.memory)} of memory and nothing on disk.`);
  const passage = new Passage(planned, cargo, clients);
  let passed = await passage.run(await mountingEnabled(clients.aws, ctx.signal), true);
  for (let pass = 2; passage.lost.length > 0 && pass <= mostPasses; pass += 1) {
    ctx.log.info(`A connection broke under ${passage.lost.join(", ")}: the bundle is read again, for what is missing.`);
    passed = { ...passed, ...(await passage.run(false, false)), sha256: passed.sha256 };
  }
  if (passage.lost.length > 0) throw blobsLost(passage.lost);
  const expected = inputs.bundleSha256;
  if (expected && passed.sha256 !== expected) throw bundleDiffers(cargo.bundle, expected, passed.sha256 ?? "");
  const goals = goalsOf(passage.images(), inputs.images, inputs.repositoryPrefix);
  if (passed.chart) comparePresets(goals, inputs.images, passed.chart);
  const pushed = await passage.writeTags(observed.goals ? goals.filter((goal) => passage.ends.has(goal.name)) : goals);
  const chartSha256 = passed.chart?.archive.sha256;
  const chart = await placeOf(passed.chart, clients);
  const keep = passed.chart ? [{ kind: "chart", path: `charts/${chartSha256}.tgz`, kept: false } as const] : [];
  await keepThings(keep, passed.chart, clients);
  if (!observed.goals) {
    const bytes = indexBytes(passage.layouts(), cargo.identity, chartSha256);
    await keepIndex(bytes, cargo.identity, clients.store, ctx);
  }
  const images = pushed.flatMap((goal) => passage.ends.get(goal.name)?.pushed ?? []);
  for (const goal of pushed) tellPushed(goal, passage.ends.get(goal.name)!.pushed!, ctx.log.info);
  return {
    result: { images, bytesUploaded: passage.progress.uploaded },
    goals: observed.goals ?? goals,
    pushed: observed.goals ? (work.push ?? []) : pushed,
    chart,
    chartSha256,
  };
}

/** All images stand; only records lack something that an earlier step found out. */
async function nothingToPush(
  { observed, loaded, work }: ImagesPlanned,
  cargo: PassCargo,
  clients: ImageClients,
): Promise<ImagesApplied> {
  await keepThings(work.keep, cargo.chart, clients);
  if (work.keep.some(({ kind }) => kind === "bundle index") && cargo.indexText)
    await keepIndex(cargo.indexText, cargo.identity, clients.store, clients.ctx);
  return {
    result: { images: [], bytesUploaded: 0 },
    goals: observed.goals ?? [],
    pushed: [],
    chart: loaded.chart,
    chartSha256: observed.chartSha256,
  };
}

/** The passes over one bundle, and what they found. */
class Passage {
  /** By image: how its archive ended; only those that were pushed. */
  readonly ends = new Map<string, ArchiveEnd>();
  readonly progress: Progress;
  private readonly found = new Map<string, { readonly name: ArchiveName; readonly layout: KeptLayout }>();
  private readonly planned: ImagesPlanned;
  private readonly cargo: PassCargo;
  private readonly clients: ImageClients;

  constructor(planned: ImagesPlanned, cargo: PassCargo, clients: ImageClients) {
    this.planned = planned;
    this.cargo = cargo;
    this.clients = clients;
    this.progress = new Progress(undefined, clients.ctx);
  }

  /** Images whose bytes must pass again. */
  get lost(): readonly string[] {
    return [...this.ends].filter(([, { pushed }]) => !pushed).map(([name]) => name);
  }

  images(): readonly NamedImage[] {
    return [...this.found.values()].flatMap(({ name }) => {
      const oci = this.ends.get(name.image)?.oci;
      return oci ? [{ name, oci }] : [];
    });
  }

  layouts(): readonly KeptLayout[] {
    return [...this.found.values()].map(({ name, layout }) => {
      const oci = this.ends.get(name.image)?.oci;
      return oci ? essence(layout, oci) : layout;
    });
  }

  async run(mounting: boolean, first: boolean): Promise<Passed> {
    const { ctx, wire } = this.clients;
    const { inputs } = this.planned;
    const stop = new AbortController();
    const signal = AbortSignal.any([ctx.signal, stop.signal]);
    const queue = createQueue({ limit: inputs.concurrency, signal: ctx.signal });
    const placement = new Placement(wire, queue, mounting, this.progress);
    const pool = spoolPool(inputs.memory * (1 - aheadShare));
    const pushes: ArchivePush[] = [];
    const ends: Promise<unknown>[] = [];
    try {
      const passed = await passBundle(this.cargo.bundle, {
        signal,
        hash: first && inputs.bundleSha256 !== undefined,
        extraction: first && inputs.extractTo ? new Extraction(inputs.extractTo, ctx.ambient.workspace) : undefined,
        archive: async (name, members) => {
          if (!this.wants(name.image)) {
            if (first && !this.planned.observed.goals)
              this.found.set(name.image, { name, layout: await takeApart(name, members, ignoring) });
            return;
          }
          const repository = repositoryName(inputs.repositoryPrefix, name.image);
          await ensureRepository(repository, this.planned, this.clients);
          const push = new ArchivePush(name, repository, { placement, pool, signal, onFailure: () => stop.abort() });
          pushes.push(push);
          const { layout, end } = await push.take(members);
          this.found.set(name.image, { name, layout });
          const noted = end.then((ended) => this.ends.set(name.image, ended));
          noted.catch(() => {});
          ends.push(noted);
        },
      });
      if (first)
        selectImages(
          [...this.found.values()].map(({ name }) => name),
          inputs.images,
        );
      for (const end of ends) await end;
      return passed;
    } catch (thrown) {
      stop.abort();
      await Promise.allSettled(ends);
      const failures = [thrown, ...(await Promise.all(pushes.map((push) => push.failures()))).flat()];
      throw failures.find((failure) => !(failure instanceof Cancelled)) ?? thrown;
    }
  }

  /** Writes the tags that do not stand yet; gives their goals. */
  async writeTags(goals: readonly Goal[]): Promise<readonly Goal[]> {
    const { wire } = this.clients;
    const written = await Promise.all(
      goals.map(async (goal) => {
        if ((await tagDigest(wire, goal.repository, goal.tag)) === goal.digest) return [];
        await putTag(wire, goal, rootOf(goal, goal.oci!.manifests));
        return [goal];
      }),
    );
    return written.flat();
  }

  private wants(image: string): boolean {
    if (this.ends.get(image)?.pushed) return false;
    const { inputs, work } = this.planned;
    if (work.push) return work.push.some(({ name }) => name === image);
    return inputs.images.length === 0 || inputs.images.includes(image);
  }
}

const ignoring = { small: async () => {}, large: async () => {} };

import { Extraction } from "../../bundle/extract.ts";
import type { ArchiveName } from "../../bundle/names.ts";
import { Cancelled } from "../../errors.ts";
import { createQueue } from "../../transfer/queue.ts";
import type { KeptLayout } from "../bundle-index.ts";
import type { PassCargo } from "../cargo.ts";
import type { ImageClients } from "../connect.ts";
import { type Goal, type NamedImage, refuseUnknown, repositoryName } from "../goal.ts";
import { memoryFor } from "../load.ts";
import type { ImagesPlanned } from "../planned.ts";
import { putTag, rootOf } from "../push/finish.ts";
import { Placement } from "../push/place.ts";
import { Progress } from "../push/progress.ts";
import { tagDigest } from "../registry/manifests.ts";
import { ensureRepository } from "../repository.ts";
import { essence, type OnBlob, takeApart } from "./archive.ts";
import { type ArchiveEnd, ArchivePush } from "./archive-push.ts";
import { type Passed, passBundle } from "./pass.ts";

/** The passes over one bundle, and what they found. */
export class Passage {
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

  /** Images of the bundle, also those that were not asked for. */
  names(): readonly string[] {
    return [...this.found.keys()];
  }

  layouts(): readonly KeptLayout[] {
    return [...this.found.values()].map(({ name, layout }) => {
      const oci = this.ends.get(name.image)?.oci;
      return oci ? essence(layout, oci) : layout;
    });
  }

  /** One pass. `empty`: for the first one, the repositories that were made for it; those that it makes are added. */
  async run(mounting: boolean, empty?: Set<string>): Promise<Passed> {
    const first = empty !== undefined;
    const { ctx, wire } = this.clients;
    const { inputs } = this.planned;
    const stop = new AbortController();
    const signal = AbortSignal.any([ctx.signal, stop.signal]);
    const queue = createQueue({ limit: inputs.concurrency, signal: ctx.signal });
    // First come, first sent: what waits holds memory that what comes later needs.
    const rank = () => 0;
    const { progress } = this;
    const placement = new Placement({ wire, queue, mounting, progress, empty: empty ?? new Set(), rank });
    const { bundle } = this.cargo;
    const keptSize = memoryFor(inputs).inflated / 4;
    const pushes: ArchivePush[] = [];
    const ends: Promise<unknown>[] = [];
    try {
      const passed = await passBundle(bundle, {
        signal,
        hash: first && inputs.bundleSha256 !== undefined,
        extraction: first && inputs.extractTo ? new Extraction(inputs.extractTo, ctx.ambient.workspace) : undefined,
        // What is sent has no known end; how much of the bundle has passed tells how long it takes.
        onRead: (done) => ctx.emit({ kind: "progress", task: "bundle", done, total: bundle.size, unit: "bytes" }),
        archive: async (name, members) => {
          if (!this.wants(name.image)) {
            if (first && !this.planned.observed.goals)
              this.found.set(name.image, { name, layout: await takeApart(name, members, ignoring) });
            return;
          }
          const repository = repositoryName(inputs.repositoryPrefix, name.image);
          if (await ensureRepository(repository, this.planned, this.clients)) empty?.add(repository);
          const push = new ArchivePush(name, repository, { placement, keptSize, onFailure: () => stop.abort() });
          pushes.push(push);
          const { layout, end } = await push.take(members);
          this.found.set(name.image, { name, layout });
          const noted = end.then((ended) => this.ends.set(name.image, ended));
          noted.catch(() => {});
          ends.push(noted);
        },
      });
      if (!this.planned.observed.goals) refuseUnknown(this.names(), inputs.images, "The bundle");
      for (const end of ends) await end;
      return passed;
    } catch (thrown) {
      stop.abort();
      const broken = (await Promise.allSettled(ends)).flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
      const lost = (await Promise.all(pushes.map((push) => push.failures()))).flat();
      throw [thrown, ...broken, ...lost].find((failure) => !(failure instanceof Cancelled)) ?? thrown;
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

const ignoring: OnBlob = {
  small(_blob, pieces) {
    for (const { release } of pieces) release();
  },
  large: async () => {},
};

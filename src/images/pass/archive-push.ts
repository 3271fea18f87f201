import type { ArchiveName } from "../../bundle/names.ts";
import type { PassingMember } from "../../tar/read.ts";
import { type KeptLayout, layoutFiles } from "../bundle-index.ts";
import { refuseLayer } from "../limits.ts";
import { blobPath, type Descriptor } from "../oci/descriptor.ts";
import { type OciImage, readLayout } from "../oci/layout.ts";
import { putManifests } from "../push/finish.ts";
import type { Placement } from "../push/place.ts";
import { allOrCause } from "../push/push.ts";
import { type Arrival, type Pushed, pushedOf } from "../push/pushed.ts";
import type { BlobBody } from "../registry/blobs.ts";
import { takeApart } from "./archive.ts";
import { Spool } from "./spool.ts";

/** What became of an archive: its image is whole in the repository, or bytes of it must pass again. */
export interface ArchiveEnd {
  readonly oci: OciImage;
  /** Absent: something was lost. */
  readonly pushed: Pushed | undefined;
}

/** What archives of one pass share. */
export interface PassGround {
  readonly placement: Placement;
  /** A blob up to this, bytes, stays in memory until it has arrived, so that it can be sent again. */
  readonly keptSize: number;
  /** Something failed for good: the pass need not go on. */
  onFailure(): void;
}

/** One image archive on its way through a stream into its repository. */
export class ArchivePush {
  private readonly name: ArchiveName;
  private readonly repository: string;
  private readonly ground: PassGround;
  private readonly placing = new Map<string, { readonly blob: Descriptor; readonly how: Promise<Arrival> }>();
  private readonly started: number;

  constructor(name: ArchiveName, repository: string, ground: PassGround) {
    this.name = name;
    this.repository = repository;
    this.ground = ground;
    this.started = ground.placement.wire.ctx.clock.now();
  }

  /**
   * Takes the archive while it passes: `layout` is there with its last byte, `end` once its blobs have arrived and its manifests are written by
   * digest, which goes on beside the rest of the stream.
   */
  async take(
    members: AsyncIterable<PassingMember>,
  ): Promise<{ readonly layout: KeptLayout; readonly end: Promise<ArchiveEnd> }> {
    const layout = await takeApart(this.name, members, {
      small: (blob, pieces) => {
        const spool = this.spool(blob);
        for (const piece of pieces) spool ? spool.take(piece) : piece.release();
        spool?.end();
      },
      large: async (blob, data) => this.spool(blob)?.fill(data),
    });
    const end = this.finish(layout);
    end.catch(() => this.ground.onFailure());
    this.ground.placement.whole.set(this.repository, end);
    return { layout, end };
  }

  /** Waits for whatever is under way, for whoever is about to throw; gives what failed. */
  async failures(): Promise<readonly unknown[]> {
    const results = await Promise.allSettled([...this.placing.values()].map(({ how }) => how));
    return results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  }

  private async finish(layout: KeptLayout): Promise<ArchiveEnd> {
    const { placement } = this.ground;
    const oci = await readLayout(layoutFiles(layout));
    for (const blob of oci.blobs) {
      const content = this.placing.has(blob.digest) ? undefined : contentOf(blob, layout);
      if (content) this.begin(blob, () => ({ again: true, whole: async () => content, body: () => content }));
    }
    const all = await allOrCause([...this.placing.values()].map(async ({ blob, how }) => ({ blob, how: await how })));
    const arrivals = all.filter(({ blob }) => oci.blobs.some(({ digest }) => digest === blob.digest));
    if (arrivals.some(({ how }) => how === "lost")) return { oci, pushed: undefined };
    const place = { repository: this.repository, digest: oci.root.digest };
    const empty = placement.isEmpty(this.repository);
    await placement.turn((wire) => putManifests(wire, place, oci.manifests, { all: true, empty }));
    return { oci, pushed: pushedOf(this.name.image, arrivals, placement.wire.ctx.clock.now() - this.started) };
  }

  /** Begins to bring a blob; `undefined` where that has begun already. */
  private spool(blob: Descriptor): Spool | undefined {
    if (this.placing.has(blob.digest)) return undefined;
    refuseLayer(blob, this.name.image);
    const spool = new Spool(blob, blob.size <= this.ground.keptSize);
    // Once it stands, or is lost, the rest of its bytes may pass unseen.
    const letGo = () => spool.letGo();
    this.begin(blob, () => spool.asBody()).then(letGo, letGo);
    return spool;
  }

  private begin(blob: Descriptor, body: () => BlobBody): Promise<Arrival> {
    const { placement } = this.ground;
    if (!placement.homes.has(blob.digest)) placement.homes.set(blob.digest, this.repository);
    const how = placement.place(this.repository, blob, body, this.name.file);
    how.catch(() => this.ground.onFailure());
    this.placing.set(blob.digest, { blob, how });
    return how;
  }
}

/** Held JSON that turned out to be a config or an attestation, or content that a descriptor carries itself. */
function contentOf(blob: Descriptor, { files }: KeptLayout): Buffer | undefined {
  return files.get(blobPath(blob.digest)) ?? (blob.data === undefined ? undefined : Buffer.from(blob.data, "base64"));
}

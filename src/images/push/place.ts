import type { WorkQueue } from "../../transfer/queue.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type BlobBody, BlobLost, hasBlob, mountBlob, uploadBlob } from "../registry/blobs.ts";
import type { Wire } from "../registry/wire.ts";
import type { Progress } from "./progress.ts";
import type { Arrival } from "./pushed.ts";

/** Rank of requests without a body: others wait for what they tell. */
const ahead = Number.MAX_SAFE_INTEGER;

export interface PlacementOptions {
  readonly wire: Wire;
  readonly queue: WorkQueue;
  /** Whether the account lets blobs be mounted. */
  readonly mounting: boolean;
  readonly progress: Progress;
  /** Repositories that were made a moment ago: nobody need ask what is in them. */
  readonly empty: ReadonlySet<string>;
  /** Which body is sent first of those that wait; the largest, unless it is told. */
  readonly rank?: (blob: Descriptor) => number;
}

/** Brings blobs into repositories over one queue: there already, else mounted, else sent. */
export class Placement {
  /** By repository: resolves when its image is whole, so that its blobs can be mounted. */
  readonly whole = new Map<string, Promise<unknown>>();
  /** The first repository that each digest goes to, or is in. */
  readonly homes = new Map<string, string>();
  readonly wire: Wire;
  private readonly options: PlacementOptions;

  constructor(options: PlacementOptions) {
    this.wire = options.wire;
    this.options = options;
  }

  /** A place in the queue. Requests without a body come first, then the body of the highest rank. */
  turn<T>(run: (wire: Wire) => Promise<T>, size = ahead): Promise<T> {
    return this.options.queue.add(size, ({ signal, slower }) => run(this.wire.within(signal, slower)));
  }

  /** Whether the repository was made a moment ago. */
  isEmpty(repository: string): boolean {
    return this.options.empty.has(repository);
  }

  /** Brings one blob; `body` is asked for its bytes only when they must be sent. */
  async place(repository: string, blob: Descriptor, body: () => BlobBody, archive: string): Promise<Arrival> {
    const { mounting, progress, rank = ({ size }) => size } = this.options;
    if (!this.isEmpty(repository) && (await this.turn((wire) => hasBlob(wire, repository, blob)))) {
      progress.spared(blob.size);
      return "present";
    }
    const home = this.homes.get(blob.digest) ?? repository;
    let session: string | undefined;
    if (home !== repository && mounting) {
      // ECR mounts only what a manifest of the other repository refers to: its image must be whole first.
      await this.whole.get(home);
      const answer = await this.turn((wire) => mountBlob(wire, repository, blob, home));
      if (answer.mounted) {
        progress.spared(blob.size);
        return "mounted";
      }
      session = answer.session;
    }
    const sent = (bytes: number) => progress.sent(bytes);
    return this.turn(async (wire) => {
      try {
        await uploadBlob(wire, repository, blob, body(), archive, sent, session);
        return "sent";
      } catch (thrown) {
        if (thrown instanceof BlobLost) return "lost";
        throw thrown;
      }
    }, rank(blob));
  }
}

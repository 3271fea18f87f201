import type { ImageInputs } from "./connect.ts";
import type { Goal } from "./goal.ts";
import type { Loaded } from "./load.ts";
import type { ImageWork, ObservedImages } from "./plan.ts";
import type { PushResult } from "./push/pushed.ts";

/** The plan's work with what it works on. */
export interface ImagesPlanned {
  readonly inputs: ImageInputs;
  readonly loaded: Loaded;
  readonly observed: ObservedImages;
  readonly work: ImageWork;
}

/** What apply did: what was sent, and what stands now. */
export interface ImagesApplied {
  readonly result: PushResult;
  /** All images that were asked for, now that they are known. */
  readonly goals: readonly Goal[];
  /** Those that were pushed, to be read back. */
  readonly pushed: readonly Goal[];
  readonly leftOut: readonly string[];
  readonly chart: string | undefined;
  readonly chartSha256: string | undefined;
}

import type { LogBook } from "../logs.ts";
import type { ContainerStatus, Pod } from "../types.ts";
import type { ControllerContext } from "./context.ts";
import type { Happening } from "./events.ts";
import type { ImageCache } from "./image-cache.ts";
import type { NodeServices } from "./node-services.ts";
import type { Troubles } from "./troubles.ts";

/** What a node lends to its pods. */
export interface NodeParts {
  readonly logs: LogBook;
  readonly services: NodeServices;
  readonly troubles: Troubles;
  readonly images: ImageCache;
}

/** A pod on its node, as its images, processes and probes see it. */
export interface RunningPod {
  readonly context: ControllerContext;
  readonly parts: NodeParts;
  /** The pod as it is now; undefined once it is gone or being ended. */
  live(): Pod | undefined;
  tell(what: Happening): void;
  writeContainer(name: string, change: (status: ContainerStatus) => void): void;
}

/** How a process ended. */
export interface Exit {
  readonly code: number;
  readonly reason?: "OOMKilled";
}

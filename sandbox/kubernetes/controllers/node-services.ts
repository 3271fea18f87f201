import type { Pod } from "../types.ts";
import type { Download } from "./downloader.ts";

export type ImageAnswer = { readonly digest: string } | { readonly refused: string } | undefined;

/** How the nodes reach the world outside the cluster. */
export interface NodeServices {
  /** The digest that a reference has in its registry; undefined: it is not there; `refused`: the registry's words. */
  readonly resolveImage: (reference: string) => ImageAnswer | Promise<ImageAnswer>;
  readonly download: Download;
  /** A serving container runs with this environment; the returned server is asked by the readiness probe and stopped with the container. */
  readonly startServer?: (server: ServerStart) => ModelProcess | undefined;
}

export interface ServerStart {
  readonly pod: Pod;
  readonly container: string;
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
}

/** A process in a container. */
export interface ModelProcess {
  /** It loads a model, as a model server does, before it answers. */
  readonly loads: boolean;
  /** It has started, and loaded its model if it has one: from now on it answers. */
  loaded(): void;
  /** What the readiness probe would find. */
  healthy(): boolean;
  stop(): void;
}

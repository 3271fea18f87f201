import type { StoredManifest } from "../facts/checkpoint.ts";
import type { Comparison } from "../facts/listing.ts";
import type { CheckpointManifest } from "../facts/manifest.ts";
import type { ListedObject, Prefix } from "../facts/prefix.ts";
import type { ModelSource } from "./content.ts";

/** A model whose checkpoint is to be in its prefix, and what was seen of it. */
export interface ObservedModel {
  readonly key: string;
  readonly prefix: Prefix;
  readonly source: ModelSource;
  readonly expectedSha256: string | undefined;
  /** From the headers; unknown for a compressed archive. */
  readonly parameters: number | undefined;
  /** What lies below the prefix. */
  readonly objects: readonly ListedObject[];
  readonly stored: StoredManifest | undefined;
  /** Deployments and release records that refer to the prefix; looked up only where it would be replaced. */
  readonly users: readonly string[];
}

/** A model whose prefix somebody else fills, or an earlier step filled. */
export interface GivenPrefix {
  readonly key: string;
  /** As the user wrote it. */
  readonly uri: string;
  /** Absent: not looked at, because it is in another bucket. */
  readonly manifest: CheckpointManifest | undefined;
}

/** What the user wants beside the sources. */
export interface SyncSettings {
  readonly replace: boolean;
  readonly deleteExtra: boolean;
  /** What proves that an object is still the one of the manifest. */
  readonly compareBy: Comparison;
}

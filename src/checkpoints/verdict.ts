import { count, size } from "../action/describe.ts";
import { UserError } from "../errors.ts";
import { completionMarker, isBookkeeping } from "../facts/bookkeeping.ts";
import { type CheckpointManifest, manifestBytes } from "../facts/manifest.ts";
import { byPath, type ListedObject, prefixUri } from "../facts/prefix.ts";
import type { ObservedModel, SyncSettings } from "./observed.ts";

/** `compare`: the same files of another origin, whose bytes must tell; `repair`: some are missing or changed. */
export type Verdict = "same" | "upload" | "repair" | "replace" | "compare";

/** Whether an uploader of others finished here; its marker is an object of its own. */
export function isMarked(objects: readonly ListedObject[]): boolean {
  return objects.some(({ path }) => path === completionMarker);
}

/** Files that lie there already, by path and size. */
export function foundOf({ source, objects }: ObservedModel): number {
  if (source.content.kind !== "files") return objects.filter((object) => !isBookkeeping(object.path)).length;
  const there = byPath(objects);
  return source.content.files.filter((file) => there.get(file.path)?.size === file.size).length;
}

/**
 * What is to become of a model's prefix; `complete`: it holds all that its manifest says. Errors: `CHECKPOINT_OTHER_BYTES` where another complete
 * checkpoint lies there, `CHECKPOINT_IN_USE` where one that is in use was to be replaced.
 */
export function verdictOf(model: ObservedModel, complete: boolean, settings: SyncSettings): Verdict {
  const { stored } = model;
  return stored ? laterVerdict(model, stored.manifest, complete, settings) : firstVerdict(model, settings);
}

function laterVerdict(
  model: ObservedModel,
  manifest: CheckpointManifest,
  complete: boolean,
  settings: SyncSettings,
): Verdict {
  if (sameSource(model, manifest) && !laidOutOtherwise(model, manifest)) {
    if (!complete) return "repair";
    // The expected SHA-256 was never proven for these files: it is now, and their bytes are compared.
    return model.expectedSha256 && !manifest.source.sha256 && sameFiles(model, manifest) ? "compare" : "same";
  }
  if (settings.replace) {
    refuseInUse(model);
    return "replace";
  }
  if (sameFiles(model, manifest) && otherKind(model, manifest)) return complete ? "compare" : "upload";
  const otherwise = sameSource(model, manifest) ? ", laid out otherwise" : "";
  throw otherCheckpoint(
    model,
    `from ${manifest.source.label}, ${count(manifest.files.length, "file")}, ${size(manifestBytes(manifest))}${otherwise}`,
  );
}

function otherCheckpoint({ key, prefix, source }: ObservedModel, what: string): UserError {
  return new UserError("CHECKPOINT_OTHER_BYTES", {
    happened: `${key}: ${prefixUri(prefix)} already holds another checkpoint (${what}) than ${source.label}. Nothing was written.`,
    next: `Give the new one a version of its own: versions: ${key}=<version>. Or set replace: true if nothing uses the old one.`,
  });
}

function sameSource(model: ObservedModel, { source }: CheckpointManifest): boolean {
  if (model.expectedSha256 && source.sha256) return model.expectedSha256 === source.sha256;
  return source.identity === model.source.identity;
}

/** Whether two identities cannot tell (an ETag against a fingerprint), so that only the bytes themselves can. */
function otherKind(model: ObservedModel, { source }: CheckpointManifest): boolean {
  if (model.expectedSha256 && source.sha256) return false;
  return model.source.identity.split(":")[0] !== source.identity.split(":")[0];
}

/** Whether the source's files go to other paths than those that lie there: another `strip-components`, say. */
function laidOutOtherwise(model: ObservedModel, manifest: CheckpointManifest): boolean {
  return model.source.content.kind === "files" && !sameFiles(model, manifest);
}

function sameFiles({ source }: ObservedModel, manifest: CheckpointManifest): boolean {
  if (source.content.kind !== "files") return false;
  const before = byPath(manifest.files);
  const { files } = source.content;
  return files.length === before.size && files.every((file) => before.get(file.path)?.size === file.size);
}

function refuseInUse(model: ObservedModel): void {
  if (model.users.length === 0) return;
  throw new UserError("CHECKPOINT_IN_USE", {
    happened: `${model.key}: ${prefixUri(model.prefix)} is used by ${model.users.join(", ")}; it is not replaced. Nothing was written.`,
    next: `Give the new one a version of its own: versions: ${model.key}=<version>.`,
  });
}

/** Of a prefix without a manifest. Where others marked it complete, sizes alone may tell that it is another checkpoint. */
function firstVerdict(model: ObservedModel, settings: SyncSettings): Verdict {
  const { content } = model.source;
  if (!isMarked(model.objects) || content.kind === "stream" || foundOf(model) === content.files.length) return "upload";
  if (settings.replace) {
    refuseInUse(model);
    return "replace";
  }
  throw otherCheckpoint(model, `marked complete by ${completionMarker}`);
}

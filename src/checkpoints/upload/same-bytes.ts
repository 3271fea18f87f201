import { UserError } from "../../errors.ts";
import type { ManifestFile } from "../../facts/manifest.ts";
import { prefixUri } from "../../facts/prefix.ts";
import type { ObservedModel } from "../observed.ts";
import { checksumOf } from "./compare.ts";
import type { Engine } from "./engine.ts";
import { inWindow } from "./window.ts";

/**
 * Compares the bytes of a source with the checksums in the manifest of what is there; nothing is sent. For a checkpoint that came from another
 * place, so that only its bytes can tell whether it is the same. Another one is `CHECKPOINT_OTHER_BYTES`.
 */
export async function compareFiles(
  model: ObservedModel,
  { store, queue, progress, window }: Engine,
): Promise<{ readonly files: readonly ManifestFile[]; readonly parameters: number; readonly sha256?: string }> {
  const manifest = model.stored!.manifest;
  const { content } = model.source;
  const files = new Map(content.kind === "files" ? content.files.map((file) => [file.path, file]) : []);
  await inWindow(manifest.files, window, (entry) =>
    queue.add(entry.size, async ({ signal }) => {
      const file = files.get(entry.path);
      const own = file && entry.checksum && (await checksumOf(entry.checksum.algorithm, file.bytes, signal));
      if (own === undefined || own !== entry.checksum?.value) throw otherBytes(model, entry.path);
      progress.add(entry.size, false);
    }),
  );
  store.ctx.log.info(`${model.key}: the same bytes as in ${prefixUri(model.prefix)}`);
  return {
    files: manifest.files,
    parameters: manifest.parameters,
    ...(model.expectedSha256 ? { sha256: model.expectedSha256 } : {}),
  };
}

function otherBytes(model: ObservedModel, path: string): UserError {
  return new UserError("CHECKPOINT_OTHER_BYTES", {
    happened: `${model.key}: ${path} in ${model.source.label} has other bytes than the checkpoint in ${prefixUri(model.prefix)}. Nothing was changed.`,
    next: `Give the new one a version of its own: versions: ${model.key}=<version>. Or set replace: true if nothing uses the old one.`,
  });
}

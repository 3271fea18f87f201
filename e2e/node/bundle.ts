import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sampleTags, writeSampleBundle } from "../../sandbox/sample/bundle.ts";
import { blobOf, ociArchive } from "../../sandbox/sample/image.ts";
import { tarOf } from "../../sandbox/sample/tar.ts";
import { nodeImage } from "../software.ts";

/** Lays out a bundle whose model image runs, below `folder`, and beside it the archive of an image for pods' sandboxes. */
export async function writeRealBundle(folder: string): Promise<{ readonly bundle: string; readonly pause: string }> {
  const bundle = join(folder, "poolside-2611");
  writeSampleBundle(bundle, 0.001);
  const program = readFileSync(await nodeImage.get());
  const layer = blobOf(
    tarOf([
      { path: "server", content: program, mode: 0o755 },
      { path: "usr/local/bin/model-downloader", content: program, mode: 0o755 },
    ]),
  );
  writeFileSync(join(bundle, "containers", `atlas__${sampleTags.atlas}.tar`), ociArchive(sampleTags.atlas, [layer]));
  const pause = join(folder, "pause.tar");
  writeFileSync(pause, ociArchive("1", [layer]));
  return { bundle, pause };
}

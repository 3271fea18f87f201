import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Blob, layerOf, ociArchive } from "./image.ts";
import { noise } from "./noise.ts";

/** Tags of the sample's images; the chart's presets match them, as the guide says. */
export const sampleTags = { atlas: "2611.0-cu128", docs: "2611.0" } as const;

const megabyte = 1_000_000;

/** The two images as OCI archives by file name, as Poolside names them. They share their base layer. `scale` multiplies the layers' sizes. */
export function sampleArchives(scale = 1): ReadonlyMap<string, Buffer> {
  const layer = (name: string, size: number): Blob => layerOf(`opt/${name}.bin`, noise(name, Math.round(size * scale)));
  const base = layer("base", 4 * megabyte);
  const atlas = [base, layer("cuda", 9 * megabyte), layer("torch", 6 * megabyte), layer("server", 0.2 * megabyte)];
  const docs = [base, layer("site", 0.8 * megabyte)];
  return new Map([
    [`atlas__${sampleTags.atlas}.tar`, ociArchive(sampleTags.atlas, atlas, { "ai.poolside.component": "atlas" })],
    [
      `public-docs__${sampleTags.docs}.tar`,
      ociArchive(sampleTags.docs, docs, { "ai.poolside.component": "public-docs" }),
    ],
  ]);
}

/** Lays the deployment bundle out below `folder`: scripts/, containers/, charts/inference, as the guide describes it. */
export function writeSampleBundle(folder: string, scale = 1): void {
  for (const part of ["scripts", "containers", "charts"]) mkdirSync(join(folder, part), { recursive: true });
  for (const [name, content] of sampleArchives(scale)) writeFileSync(join(folder, "containers", name), content);
  writeFileSync(join(folder, "scripts", "upload_images.sh"), uploadScript, { mode: 0o755 });
  const chart = join(folder, "charts", "inference");
  cpSync(join(import.meta.dirname, "chart", "inference"), chart, { recursive: true });
  const values = join(chart, "values.yaml");
  writeFileSync(
    values,
    readFileSync(values, "utf8").replace("@ATLAS_TAG@", sampleTags.atlas).replace("@DOCS_TAG@", sampleTags.docs),
  );
}

const uploadScript = `#!/usr/bin/env bash
# Pushes every archive of ./containers to the registry given as the first argument.
set -euo pipefail
for archive in ./containers/*.tar; do
  name=$(basename "$archive" .tar)
  skopeo copy "oci-archive:$archive" "docker://$1/\${name%%__*}:\${name#*__}"
done
`;

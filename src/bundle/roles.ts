/** What a path inside a bundle is. */
export type Role =
  /** An image archive; `file` is its name. */
  | { readonly kind: "archive"; readonly file: string; readonly root: string | undefined }
  /** An image archive that is compressed itself. */
  | { readonly kind: "compressed-archive"; readonly file: string }
  /** A file of a chart; `path` is below `charts/`. */
  | { readonly kind: "chart"; readonly path: string; readonly root: string }
  /** A file of an image layout (or of docker's older archives) at the top: without archives beside it, what was given is one image archive. */
  | { readonly kind: "layout" }
  /** Scripts, docs and whatever else is small. */
  | { readonly kind: "part" }
  /** What desktops leave beside files. */
  | { readonly kind: "bookkeeping" };

const layout = /^(?:oci-layout|index\.json|manifest\.json|repositories|blobs\/.*)$/;
/** Layers and configs of docker's older archives: `<hex>/layer.tar`, `<hex>.json`, `sha256:<hex>`, `<hex>.tar.gz`. */
const docker = /^(?:sha256:)?[0-9a-f]{64}(?:\.json|\.tar(?:\.gz)?|\/.*)?$/;
/** Bundles are packed with or without a top folder. */
const inFolder = (name: string) => new RegExp(`^((?:(?!(?:containers|charts|scripts)/)[^/]+/)?)${name}/(.+)$`);
const inContainers = inFolder("containers");
const inCharts = inFolder("charts");

/** The role of a file by its normal path alone, so that a stream can be sorted while it passes. `root` is the bundle's top folder (`name/`) or empty. */
export function roleOf(path: string): Role {
  const file = path.slice(path.lastIndexOf("/") + 1);
  if (file.startsWith("._") || file === ".DS_Store" || path.split("/").includes("__MACOSX"))
    return { kind: "bookkeeping" };
  if (layout.test(path) || docker.test(path)) return { kind: "layout" };
  const chart = inCharts.exec(path);
  if (chart) return { kind: "chart", root: chart[1]!, path: chart[2]! };
  const container = inContainers.exec(path);
  const inside = container !== null || (/^[^/]*(?:\/[^/]*)?$/.test(path) && file.includes("__"));
  if (inside && /\.tar$/i.test(file)) return { kind: "archive", file, root: container?.[1] };
  if (inside && /\.(?:tar\.(?:gz|zst|bz2|xz)|tgz)$/i.test(file)) return { kind: "compressed-archive", file };
  return { kind: "part" };
}

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Context } from "../action/context.ts";
import type { ArchiveName } from "../bundle/names.ts";
import { canonicalJson, type Json, sha256 } from "../canonical.ts";
import type { RecordStore } from "../record/store.ts";
import type { NamedImage } from "./goal.ts";
import type { LayoutFiles } from "./oci/files.ts";
import { readLayout } from "./oci/layout.ts";

/** What was found in a compressed bundle, so that nobody has to read it again to know. Small: manifests and sizes, no layer. */
export interface BundleIndex {
  readonly images: readonly NamedImage[];
  readonly chartSha256: string | undefined;
}

/** An index that was found; `kept`: in records. */
export interface FoundIndex {
  readonly index: BundleIndex;
  readonly kept: boolean;
  readonly text: string;
}

interface Stored {
  readonly version: 1;
  readonly identity: string;
  readonly chartSha256?: string;
  readonly archives: readonly {
    readonly name: ArchiveName;
    /** Small files of the layout by path, base64. */
    readonly files: Readonly<Record<string, string>>;
    /** Sizes of all files of the layout by path. */
    readonly sizes: Readonly<Record<string, number>>;
  }[];
}

/** Small files and all sizes of a layout that passed: enough to prove its structure again. */
export interface KeptLayout {
  readonly name: ArchiveName;
  readonly files: ReadonlyMap<string, Buffer>;
  readonly sizes: ReadonlyMap<string, number>;
}

/** Path of a bundle's index in `records`; the identity is of the compressed bytes. */
export function indexPath(identity: string): string {
  return `bundles/${sha256(identity)}.json`;
}

/** The index of a bundle, from records or from an earlier step on this runner; `undefined` where there is none that can be used. */
export async function readIndex(
  identity: string,
  store: RecordStore | undefined,
  ctx: Context,
): Promise<FoundIndex | undefined> {
  const stored = await store?.get(indexPath(identity));
  const text = stored?.body ?? (await readFile(localPath(identity, ctx)).catch(() => undefined));
  const index = text && (await parseIndex(text, identity));
  return index && { index, kept: stored !== undefined, text: text.toString("utf8") };
}

/** Keeps the index on the runner, and in records where there are any. */
export async function keepIndex(
  bytes: string,
  identity: string,
  store: RecordStore | undefined,
  ctx: Context,
): Promise<void> {
  const path = localPath(identity, ctx);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  await store?.put(indexPath(identity), bytes);
}

function localPath(identity: string, ctx: Context): string {
  return join(ctx.ambient.temp, "eks-deploy", indexPath(identity));
}

export function indexBytes(layouts: readonly KeptLayout[], identity: string, chartSha256: string | undefined): string {
  const stored: Stored = {
    version: 1,
    identity,
    ...(chartSha256 ? { chartSha256 } : {}),
    archives: layouts.map(({ name, files, sizes }) => ({
      name,
      files: Object.fromEntries([...files].map(([path, content]) => [path, content.toString("base64")])),
      sizes: Object.fromEntries(sizes),
    })),
  };
  return canonicalJson(stored as unknown as Json);
}

/** An index is proven like an archive: every digest in it is computed again. What does not hold is no index. */
async function parseIndex(text: Buffer, identity: string): Promise<BundleIndex | undefined> {
  try {
    const stored = JSON.parse(text.toString("utf8")) as Stored;
    if (stored.version !== 1 || stored.identity !== identity) return undefined;
    const images = await Promise.all(
      stored.archives.map(async ({ name, files, sizes }) => {
        const kept = new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content, "base64")]));
        return {
          name,
          oci: await readLayout(layoutFiles({ name, files: kept, sizes: new Map(Object.entries(sizes)) })),
        };
      }),
    );
    return { images, chartSha256: stored.chartSha256 };
  } catch {
    return undefined;
  }
}

/** What was kept of a layout, as its reader wants it. */
export function layoutFiles({ name, files, sizes }: KeptLayout): LayoutFiles {
  return {
    archive: name.file,
    paths: () => sizes.keys(),
    size: (path) => sizes.get(path),
    read: async (path) => files.get(path),
  };
}

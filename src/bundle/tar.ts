import { sliceOf } from "../bytes/slice.ts";
import type { Source } from "../bytes/source.ts";
import type { TarMember } from "../tar/member.ts";
import { guardPaths, normalPath } from "../tar/policy.ts";
import { dataOf, indexTar } from "../tar/read.ts";
import { type ArchiveBundle, type BundleArchive, compressedArchive, noImages, notABundle } from "./bundle.ts";
import { ChartPieces } from "./chart-pieces.ts";
import { parseArchiveName, refuseTwins } from "./names.ts";
import { roleOf } from "./roles.ts";
import { readWhole } from "./whole.ts";

/** Opens an uncompressed tar: a bundle, whose archives are slices of it, or one image archive (`file` is its name then). */
export async function openTarBundle(source: Source, file: string, signal: AbortSignal): Promise<ArchiveBundle> {
  const members = await indexTar(source, { signal });
  const sorted = sortMembers(members, source.label);
  const common = { kind: "archives", label: source.label, folder: undefined, file: source } as const;
  if (sorted.single) {
    const archive: BundleArchive = { name: parseArchiveName(file), source };
    return { ...common, archives: [archive], chart: undefined, parts: [], root: "", close: () => source.close() };
  }
  if (sorted.archives.length === 0) {
    const found = members.filter(({ type }) => type === "file").map(({ path }) => normalPath(path));
    if (members.some(({ path }) => /(^|\/)containers(\/|$)/.test(path))) throw noImages(source.label, found);
    throw notABundle(source.label, found);
  }
  const names = sorted.archives.map(({ path }) =>
    parseArchiveName(
      path,
      sorted.archives.map((each) => each.path),
    ),
  );
  refuseTwins(names);
  const charts = new ChartPieces(source.label);
  for (const { member, path } of sorted.charts) charts.admit(path, member.size);
  for (const { member, path } of sorted.charts) charts.add(path, await readWhole(dataOf(source, member), signal));
  const archives = sorted.archives.map(({ member, path }, at) => ({
    name: names[at]!,
    source: sliceOf(source, member.offset, member.size, path),
  }));
  return {
    ...common,
    archives,
    chart: await charts.chart(),
    parts: sorted.parts,
    root: sorted.root,
    close: () => source.close(),
  };
}

interface Sorted {
  /** An image layout lies at the top, and no archive beside it. */
  readonly single: boolean;
  readonly archives: readonly { readonly member: TarMember; readonly path: string }[];
  readonly charts: readonly { readonly member: TarMember; readonly path: string }[];
  /** Everything small that is no image: charts too. */
  readonly parts: readonly TarMember[];
  /** Top folder (`name/`), or empty. */
  readonly root: string;
}

function sortMembers(members: readonly TarMember[], label: string): Sorted {
  const kinds = new Set(members.map(({ path }) => roleOf(normalPath(path)).kind));
  if (kinds.has("layout") && !kinds.has("archive"))
    return { single: true, archives: [], charts: [], parts: [], root: "" };
  const guard = guardPaths(label);
  const archives: { member: TarMember; path: string }[] = [];
  const charts: { member: TarMember; path: string }[] = [];
  const parts: TarMember[] = [];
  let root: string | undefined;
  for (const member of members) {
    const path = guard.admit(member);
    if (member.type !== "file") continue;
    const role = roleOf(path);
    if (role.kind === "archive" || role.kind === "chart") root ??= role.root;
    if (role.kind === "compressed-archive") throw compressedArchive(label, role.file);
    if (role.kind === "archive") archives.push({ member, path });
    if (role.kind === "chart") charts.push({ member, path: role.path });
    if (role.kind === "chart" || role.kind === "part" || role.kind === "layout") parts.push(member);
  }
  return { single: false, archives, charts, parts, root: root ?? "" };
}

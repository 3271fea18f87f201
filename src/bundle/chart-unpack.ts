import { gunzip } from "node:zlib";
import { memorySource } from "../bytes/memory.ts";
import { guardPaths } from "../tar/policy.ts";
import { indexTar } from "../tar/read.ts";
import { chartLimits, unusable } from "./chart.ts";
import { refuseLarge } from "./chart-folder.ts";

/** A tar of the largest chart with its headers is not longer than this; more is a bomb. */
const unpackedLimit = chartLimits.total + 64 * 2 ** 20;

/** The files of a chart archive (`.tgz`) by path below its one top folder. */
export async function unpackChart(archive: Buffer, label: string): Promise<ReadonlyMap<string, Buffer>> {
  const tar = await inflated(archive, label);
  const guard = guardPaths(label);
  const files = new Map<string, Buffer>();
  const tops = new Set<string>();
  let total = 0;
  for (const member of await indexTar(memorySource(tar, label))) {
    const path = guard.admit(member);
    if (member.type !== "file") continue;
    total += member.size;
    refuseLarge(path, member.size, total, label);
    const cut = path.indexOf("/");
    tops.add(cut === -1 ? path : path.slice(0, cut));
    files.set(path.slice(cut + 1), tar.subarray(member.offset, member.offset + member.size));
  }
  if (tops.size === 1) return files;
  throw unusable(
    label,
    `a chart archive holds one folder; this one holds ${[...tops].slice(0, 5).join(", ") || "nothing"}`,
  );
}

function inflated(archive: Buffer, label: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gunzip(archive, { maxOutputLength: unpackedLimit }, (error, tar) => {
      if (error) reject(unusable(label, `it is no gzip archive of a chart (${error.message})`, error));
      else resolve(tar);
    });
  });
}

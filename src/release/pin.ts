import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "../action/context.ts";
import type { Named } from "../record/latest.ts";
import { recordBytes } from "../record/record.ts";

/** Writes a record on the runner under its digest; gives the path. All steps then read this one, whatever becomes `latest` meanwhile, and wherever it came from. */
export async function pinRecord({ sha256, record }: Named, ctx: Context): Promise<string> {
  const folder = join(ctx.ambient.temp, "eks-deploy", "records");
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${sha256}.json`);
  await writeFile(path, recordBytes(record));
  return path;
}

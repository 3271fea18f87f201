import type { Context } from "../../action/context.ts";
import { count, size } from "../../action/describe.ts";
import type { Aws } from "../../aws/session.ts";
import { deleteObjects } from "../../checkpoints/delete.ts";
import { openStore } from "../../checkpoints/upload/store.ts";
import { manifestPath } from "../../facts/manifest.ts";
import { listPrefix, prefixUri } from "../../facts/prefix.ts";
import { openStore as openPlace } from "../../record/store.ts";
import { toolVersion } from "../../version.ts";
import { tombstonePath, type Version } from "./versions.ts";

/**
 * Deletes a version: a mark that it goes, then the manifest, so that a half-deleted prefix can never be deployed, then the files, and the mark last. Each object only if it is the one that was listed.
 */
export async function deleteVersion(version: Version, aws: Aws, owner: string, ctx: Context): Promise<void> {
  const { prefix, objects, bytes } = version;
  const place = await openPlace(`${prefixUri(prefix)}/`, aws, owner);
  const note = { version: 1, tool: toolVersion, run: ctx.ambient.run.url };
  await place.put(tombstonePath, JSON.stringify(note), { absent: true });
  const store = await openStore({ bucket: prefix.bucket, owner, encryption: {} }, aws, ctx);
  const manifest = objects.filter(({ path }) => path === manifestPath);
  const files = objects.filter(({ path }) => path !== manifestPath && path !== tombstonePath);
  await deleteObjects(store, prefix, manifest);
  await deleteObjects(store, prefix, files);
  const left = await listPrefix(prefix, aws, ctx.signal, owner);
  await deleteObjects(
    store,
    prefix,
    left.filter(({ path }) => path === tombstonePath),
  );
  ctx.log.info(`Deleted ${prefixUri(prefix)}: ${count(objects.length, "object")}, ${size(bytes)}`);
}

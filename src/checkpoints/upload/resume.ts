import type { Part } from "../parts.ts";
import { abortUpload, listParts, listUploads, type OpenUpload, type Store, type UploadedPart } from "./store.ts";

/** An unfinished upload of an earlier run, and what S3 holds of it, by part number. */
export interface Resumable {
  readonly id: string;
  readonly parts: ReadonlyMap<number, UploadedPart>;
}

/** What the uploads below a prefix are to this run. */
export interface Orphans {
  /** The one to continue of each key: of our own, the one that was begun last. */
  readonly resume: ReadonlyMap<string, OpenUpload>;
  /** Our own that nothing continues. */
  readonly abort: readonly OpenUpload[];
}

/** Keys that this run writes in parts. */
export interface OwnKeys {
  /** From here; all where they are not known yet. */
  readonly sent: ReadonlySet<string> | "all";
  /** By copies inside S3, with whatever checksum their source has. */
  readonly copied: ReadonlySet<string>;
}

/**
 * Sorts unfinished uploads: ours are those that this principal began below our prefix with our kind of checksum. Everyone else's are left alone. A
 * copy is never continued: it costs nothing to begin it again.
 */
export function sortOrphans(uploads: readonly OpenUpload[], keys: OwnKeys, caller: string): Orphans {
  const isOurs = ({ key, algorithm, type, initiator }: OpenUpload) =>
    type === "FULL_OBJECT" &&
    (algorithm === "CRC32" || (algorithm === "CRC64NVME" && keys.copied.has(key))) &&
    principal(initiator) === principal(caller);
  const resume = new Map<string, OpenUpload>();
  const abort: OpenUpload[] = [];
  for (const upload of uploads.filter(isOurs).toSorted((a, b) => b.initiated - a.initiated)) {
    const sent = !keys.copied.has(upload.key) && (keys.sent === "all" || keys.sent.has(upload.key));
    if (sent && !resume.has(upload.key)) resume.set(upload.key, upload);
    else abort.push(upload);
  }
  return { resume, abort };
}

/** A role's sessions are one principal: `assumed-role/<role>/<session>` without the session. */
function principal(arn: string): string {
  return arn.replace(/^(arn:[^:]*:sts::\d*:assumed-role\/[^/]+)\/.*$/, "$1");
}

/** Looks for our unfinished uploads below `prefix`, ends those that nothing continues, and gives the others by key. `keys` is asked only where there are any. */
export async function settleOrphans(
  store: Store,
  prefix: string,
  keys: () => OwnKeys,
): Promise<ReadonlyMap<string, OpenUpload>> {
  const uploads = await listUploads(store, prefix);
  if (uploads.length === 0) return new Map();
  const { resume, abort } = sortOrphans(uploads, keys(), store.aws.arn);
  for (const upload of abort) await abortUpload(store, upload.key, upload.id);
  if (resume.size > 0) store.ctx.log.info(`${resume.size} unfinished uploads of an earlier run are continued`);
  return resume;
}

/** What S3 holds of an upload, if its parts are cut as this run cuts them; else the upload is ended, and there is nothing to continue. */
export async function openResumable(
  store: Store,
  upload: OpenUpload,
  parts: readonly Part[],
): Promise<Resumable | undefined> {
  const held = await listParts(store, upload.key, upload.id);
  if (held === undefined) return undefined;
  const sizes = new Map(parts.map((part) => [part.number, part.size]));
  if (held.every((part) => sizes.get(part.number) === part.size))
    return { id: upload.id, parts: new Map(held.map((part) => [part.number, part])) };
  await abortUpload(store, upload.key, upload.id);
  return undefined;
}

import { gunzipSync } from "node:zlib";
import type { Cluster } from "../cluster/cluster.ts";
import type { Secret } from "../cluster/objects.ts";
import { secrets } from "../cluster/resources.ts";
import { RemoteError } from "../errors.ts";

/** Where a release lives. */
export interface ReleasePlace {
  readonly namespace: string;
  readonly release: string;
}

/** The states that helm gives a revision. */
export type RevisionStatus =
  | "deployed"
  | "superseded"
  | "failed"
  | "pending-install"
  | "pending-upgrade"
  | "pending-rollback"
  | "uninstalling"
  | "uninstalled"
  | "unknown";

/** One revision of a release, as helm keeps it. */
export interface Revision {
  readonly number: number;
  readonly status: RevisionStatus;
  readonly chart: { readonly name: string; readonly version: string };
  readonly description: string;
  /** When helm made it, ms since the epoch by the clock of whoever ran helm; absent where it does not say. */
  readonly madeAt?: number | undefined;
  /** When helm last wrote it, milliseconds since the epoch. */
  readonly updatedAt: number;
  /** The rendered objects, YAML. */
  readonly manifest: string;
  /** The values that were given. */
  readonly values: Readonly<Record<string, unknown>>;
}

interface StoredRelease {
  readonly version?: number;
  readonly info?: { readonly status?: string; readonly description?: string; readonly last_deployed?: string };
  readonly chart?: { readonly metadata?: { readonly name?: string; readonly version?: string } };
  readonly manifest?: string;
  readonly config?: Readonly<Record<string, unknown>> | null;
}

/** No release Secret of 1 MiB inflates to this. */
const largest = 64 * 1024 * 1024;

/** Which Secrets hold the revisions of a release. */
export function revisionScope({ namespace, release }: ReleasePlace): { namespace: string; labels: string } {
  return { namespace, labels: `owner=helm,name=${release}` };
}

/** All revisions that helm keeps, the oldest first. */
export async function readRevisions(cluster: Cluster, place: ReleasePlace): Promise<readonly Revision[]> {
  return revisionsOf(await cluster.list(secrets, revisionScope(place)));
}

/** The revisions in release Secrets; what is no release Secret is left out. */
export function revisionsOf(stored: readonly Secret[]): readonly Revision[] {
  return stored
    .filter((secret) => secret.type === undefined || secret.type === "helm.sh/release.v1")
    .map(decode)
    .sort((a, b) => a.number - b.number);
}

/** helm stores a release as gzipped JSON in base64, inside a Secret's own base64. */
function decode(secret: Secret): Revision {
  try {
    const outer = Buffer.from(secret.data?.["release"] ?? "", "base64").toString("latin1");
    const packed = Buffer.from(outer, "base64");
    const gzipped = packed[0] === 0x1f && packed[1] === 0x8b;
    const json = gzipped ? gunzipSync(packed, { maxOutputLength: largest }) : packed;
    const release = JSON.parse(json.toString("utf8")) as StoredRelease;
    return {
      number: release.version ?? Number(secret.metadata.labels?.["version"]),
      status: (release.info?.status ?? "unknown") as RevisionStatus,
      chart: { name: release.chart?.metadata?.name ?? "", version: release.chart?.metadata?.version ?? "" },
      description: release.info?.description ?? "",
      madeAt: Date.parse(release.info?.last_deployed ?? "") || undefined,
      updatedAt: writtenAt(secret, release),
      manifest: release.manifest ?? "",
      values: release.config ?? {},
    };
  } catch (cause) {
    throw new RemoteError("DEPLOY_RELEASE_UNREADABLE", {
      happened: `The Secret ${secret.metadata.name} holds no release that helm 3 or 4 would have written.`,
      next: "Look at it with helm history; a broken revision can be removed by deleting its Secret.",
      cause,
    });
  }
}

/** helm notes the moment on the Secret itself when it changes the status; a pending revision was never changed, so the server's own time of its making counts. */
function writtenAt(secret: Secret, release: StoredRelease): number {
  const created = Date.parse(secret.metadata.creationTimestamp ?? release.info?.last_deployed ?? "") || 0;
  const modified = Number(secret.metadata.labels?.["modifiedAt"]) * 1_000 || 0;
  return release.info?.status?.startsWith("pending") ? created : Math.max(created, modified);
}

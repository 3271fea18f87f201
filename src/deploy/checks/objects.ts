import { type ManifestObject, nameOf } from "../manifest.ts";
import type { ReleasePlace } from "../release.ts";
import { type Check, failed, notLookedAt, passed, warned } from "./check.ts";

/** What the checks of the rendered objects rest on. */
export interface ObjectFacts extends ReleasePlace {
  /** Objects that the release would make, and that are there already without being the release's. */
  readonly foreign: readonly ManifestObject[];
  /** Kinds that the API server does not serve, as `monitoring.coreos.com/v1 PodMonitor`. */
  readonly unknownKinds: readonly string[];
  /** Workloads that are no Deployments: whether they get healthy is not watched. */
  readonly unwatched: readonly ManifestObject[];
}

/** helm refuses to take over what it did not make, and stops in the middle where it does not know a kind. */
export function objectChecks(facts: ObjectFacts): readonly Check[] {
  const { foreign, unknownKinds, unwatched, release, namespace } = facts;
  const name = "Objects of the release";
  const rows: Check[] = [];
  if (foreign.length > 0)
    rows.push(
      failed(
        name,
        "DEPLOY_OBJECT_FOREIGN",
        `${foreign.map(nameOf).join(", ")}: there already, and not of the release ${release}`,
        foreign.map((object) => remedyOf(object, { release, namespace })).join("\n"),
      ),
    );
  if (unknownKinds.length > 0)
    rows.push(
      warned(
        name,
        "DEPLOY_KIND_UNKNOWN",
        `the cluster does not know ${unknownKinds.join(", ")}`,
        "Install what brings these kinds (their CRDs), unless the chart does, or turn them off in the values.",
      ),
    );
  if (rows.length === 0) rows.push(passed(name, "none is in the way"));
  if (unwatched.length > 0)
    rows.push(
      notLookedAt(
        "Workloads that are no Deployments",
        `${unwatched.map(nameOf).join(", ")}: helm makes them, and nobody waits for them`,
      ),
    );
  return rows;
}

function remedyOf(object: ManifestObject, { release, namespace }: ReleasePlace): string {
  if (object.kind === "ServiceAccount")
    return `Set serviceAccount.create: false and serviceAccount.name: ${object.metadata.name} in the values, to use the one that is there.`;
  const target = `${object.kind.toLowerCase()}/${object.metadata.name} -n ${object.metadata.namespace || namespace}`;
  return `Let the release have it: kubectl label ${target} app.kubernetes.io/managed-by=Helm --overwrite && kubectl annotate ${target} meta.helm.sh/release-name=${release} meta.helm.sh/release-namespace=${namespace} --overwrite; or delete it.`;
}

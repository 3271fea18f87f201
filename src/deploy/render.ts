import type { Context } from "../action/context.ts";
import type { Helm } from "../helm/find.ts";
import { helmOutput } from "../helm/run.ts";
import { type ManifestObject, parseManifest } from "./manifest.ts";
import type { ReleasePlace } from "./release.ts";

/** What helm is to render or release. */
export interface HelmContent {
  /** Path of the chart's archive. */
  readonly chart: string;
  /** Path of the values file. */
  readonly values: string;
}

/** The objects that the chart makes of the values, without touching the cluster. A refusal of the values is told before the first write. */
export async function renderObjects(
  helm: Helm,
  content: HelmContent,
  place: ReleasePlace & { readonly kubernetes: string; readonly upgrade: boolean },
  ctx: Context,
): Promise<readonly ManifestObject[]> {
  const args = [
    "template",
    place.release,
    content.chart,
    "--namespace",
    place.namespace,
    "--values",
    content.values,
    "--kube-version",
    place.kubernetes,
    "--no-hooks",
    ...(place.upgrade ? ["--is-upgrade"] : []),
  ];
  return parseManifest(await helmOutput(helm, args, {}, "rendering the chart", ctx), place.namespace);
}

import type { Aws } from "../aws/session.ts";
import { presetImages } from "../bundle/chart.ts";
import { isOwnRegistry } from "../facts/image.ts";
import { type Values, valueAt } from "./merge.ts";

/** An image that pods will pull, in this account's registry. */
export interface NamedImage {
  /** `image` or `docs.image`. */
  readonly key: string;
  readonly repository: string;
  readonly tag: string;
}

/** Images of the finished values; none for a registry that is not ECR of this account, which is not looked at. */
export function namedImages(all: Values, aws: Pick<Aws, "account">): readonly NamedImage[] {
  const prefix = repositoryPrefix(all, aws);
  if (prefix === undefined) return [];
  const docs = valueAt(all, "docs", "enabled") === true;
  return presetImages({ values: all }).flatMap(({ key, name, tag }) =>
    tag === undefined || (key === "docs.image" && !docs) ? [] : [{ key, repository: `${prefix}${name}`, tag }],
  );
}

/** What stands between the registry's host and the image's name. A loopback host is the registry of a sandbox. */
function repositoryPrefix(all: Values, aws: Pick<Aws, "account">): string | undefined {
  const [host = "", ...rest] = String(valueAt(all, "image", "registry") ?? "").split("/");
  if (!isOwnRegistry(host, aws)) return undefined;
  return rest
    .filter((part) => part !== "")
    .map((part) => `${part}/`)
    .join("");
}

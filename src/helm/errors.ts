import type { Catalogue } from "../errors.ts";

/** Codes of finding and calling helm. */
export const helmErrors: Catalogue = {
  HELM_VERSION_RANGE: {
    means: "`helm-version` is no version or range.",
    remedy: "Write a version (3.17.2), or a range such as `>=3.12` or `>=3.12 <4`.",
  },
  HELM_NOT_FOUND: {
    means: "No helm on PATH satisfies `helm-version`, and no pinned version does.",
    remedy: "Install a helm that satisfies it in an earlier step, or widen `helm-version`.",
  },
  HELM_DOWNLOAD: {
    means: "The pinned helm could not be downloaded, or its SHA-256 is not the published one. Nothing of it was used.",
    remedy: "Install helm in an earlier step, or let the runner reach get.helm.sh.",
  },
  HELM_FAILED: {
    means: "helm ended with an error.",
    remedy: "Read helm's own words in the message.",
  },
  HELM_IN_PROGRESS: {
    means: "helm says that another operation on the release is in progress.",
    remedy: "Wait until it is done; a lock that was left behind is recovered by running again after a few minutes.",
  },
  HELM_APPLY_CONFLICT: {
    means: "Another field manager owns a field that the chart sets (server-side apply). It is not taken by force.",
    remedy: "Let the other manager (named in the message) give the field up, or accept this code to take it over.",
  },
  HELM_OBJECT_FOREIGN: {
    means: "An object that the chart makes is there already and belongs to no release, or to another.",
    remedy: "Delete it, use it by the values, or label and annotate it as the release's own.",
  },
  HELM_KIND_UNKNOWN: {
    means: "The chart makes an object of a kind that the cluster does not know.",
    remedy: "Install the CRDs that bring it, or turn these objects off in the values.",
  },
  HELM_IMMUTABLE: {
    means: "The chart changes a field that Kubernetes does not let anyone change.",
    remedy: "Delete the object that the message names, and run again.",
  },
  HELM_TOO_LARGE: {
    means: "Chart and values together do not fit the Secret of 1 MiB in which helm keeps a revision.",
    remedy: "Take large files out of the chart or the values.",
  },
  HELM_VALUES_REFUSED: {
    means: "The chart refuses the values: its schema, or a template that requires what is missing.",
    remedy: "Mend the values that the message names; render-values tells most of it before.",
  },
};

/** The tag by which we know what we made; a resource without it, or with another value, is a stranger's. */
export const ownerTag = "eks-deploy/owner";

/** The tag's value on what a release owns beside its IAM identity: `<release>/<environment>`. */
export function releaseOwner(release: string, environment: string | undefined): string {
  return `${release}/${environment ?? "default"}`;
}

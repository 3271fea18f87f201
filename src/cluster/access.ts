import type { Cluster } from "./cluster.ts";

/** Something that a step will do. */
export interface Right {
  readonly verb: string;
  /** `""` is the core group. */
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
}

/** Which of the rights are missing, as the cluster itself judges (SelfSubjectAccessReview, which needs no right). */
export async function missingRights(cluster: Cluster, rights: readonly Right[]): Promise<readonly Right[]> {
  const allowed = await Promise.all(
    rights.map(async ({ verb, group, resource, namespace }) => {
      const review = await cluster.request<{ status?: { allowed?: boolean } }>(
        {
          method: "POST",
          asks: true,
          target: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
          body: JSON.stringify({
            apiVersion: "authorization.k8s.io/v1",
            kind: "SelfSubjectAccessReview",
            spec: { resourceAttributes: { verb, group, resource, namespace } },
          }),
        },
        "asking what we may do",
      );
      return review.status?.allowed === true;
    }),
  );
  return rights.filter((_, index) => !allowed[index]);
}

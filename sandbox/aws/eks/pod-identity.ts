import { randomBytes, randomUUID } from "node:crypto";
import type { RestCall, RestOperation } from "../rest.ts";
import { AwsError } from "../service.ts";
import { clusterOf, notFound, paged } from "./lookup.ts";
import type { Cluster, EksState, PodIdentityAssociation } from "./state.ts";

type RoleTrusts = (roleArn: string) => "absent" | "untrusting" | "trusting";

const invalid = (message: string) => new AwsError(400, "InvalidParameterException", message);

const passedRole = ({ body }: RestCall) => ({ "iam:PassRole": String(body["roleArn"] ?? "*") });

/** EKS's calls on Pod Identity associations. `roleTrusts` says whether a role lets `pods.eks.amazonaws.com` assume and tag it. */
export function podIdentityOperations(
  eks: EksState,
  roleTrusts: RoleTrusts,
  now: () => number,
): readonly RestOperation[] {
  const path = "/clusters/{name}/pod-identity-associations";
  const one = `${path}/{id}`;
  const clusterName = ({ params }: RestCall) => `cluster/${params["name"]}`;
  const associationName = ({ params }: RestCall) => `podidentityassociation/${params["name"]}/${params["id"]}`;
  const find = (call: RestCall): readonly [Cluster, PodIdentityAssociation] => {
    const cluster = clusterOf(eks, call);
    const association = cluster.associations.get(call.params["id"] ?? "");
    if (!association) throw notFound(`No association found with id: ${call.params["id"]}`);
    return [cluster, association];
  };
  const put = (cluster: Cluster, association: PodIdentityAssociation) => {
    cluster.associations.set(association.id, association);
    return { association: show(eks, cluster, association) };
  };
  return [
    {
      name: "ListPodIdentityAssociations",
      method: "GET",
      path,
      resource: clusterName,
      run: (call) => {
        const cluster = clusterOf(eks, call);
        const namespace = call.query.get("namespace");
        const account = call.query.get("serviceAccount");
        const found = [...cluster.associations.values()].filter(
          (each) =>
            (namespace === null || each.namespace === namespace) &&
            (account === null || each.serviceAccount === account),
        );
        return paged(
          call,
          "associations",
          found.map((each) => summary(eks, cluster, each)),
        );
      },
    },
    {
      name: "DescribePodIdentityAssociation",
      method: "GET",
      path: one,
      resource: associationName,
      run: (call) => {
        const [cluster, association] = find(call);
        return { association: show(eks, cluster, association) };
      },
    },
    {
      name: "CreatePodIdentityAssociation",
      method: "POST",
      path,
      write: true,
      iam: ({ body }) => [
        "eks:CreatePodIdentityAssociation",
        "iam:PassRole",
        ...(Object.keys(body["tags"] ?? {}).length > 0 ? ["eks:TagResource"] : []),
      ],
      resource: clusterName,
      elsewhere: passedRole,
      run: (call) => create(eks, call, roleTrusts, now, put),
    },
    {
      name: "UpdatePodIdentityAssociation",
      method: "POST",
      path: one,
      write: true,
      iam: ["eks:UpdatePodIdentityAssociation", "iam:PassRole"],
      resource: associationName,
      elsewhere: passedRole,
      run: (call) => {
        const [cluster, association] = find(call);
        if (association.ownerArn)
          throw new AwsError(400, "InvalidRequestException", `The association is owned by ${association.ownerArn}`);
        return put(cluster, { ...association, ...settings(call, roleTrusts, association), modifiedAt: now() });
      },
    },
    {
      name: "DeletePodIdentityAssociation",
      method: "DELETE",
      path: one,
      write: true,
      resource: associationName,
      run: (call) => {
        const [cluster, association] = find(call);
        cluster.associations.delete(association.id);
        return { association: show(eks, cluster, association) };
      },
    },
  ];
}

function create(
  eks: EksState,
  call: RestCall,
  roleTrusts: RoleTrusts,
  now: () => number,
  put: (cluster: Cluster, association: PodIdentityAssociation) => unknown,
): unknown {
  const cluster = clusterOf(eks, call);
  const { namespace, serviceAccount, clientRequestToken, tags } = call.body;
  if (typeof namespace !== "string" || typeof serviceAccount !== "string")
    throw invalid("namespace and serviceAccount are required");
  const same = [...cluster.associations.values()].find(
    (each) => each.namespace === namespace && each.serviceAccount === serviceAccount,
  );
  if (same && same.token === clientRequestToken && same.roleArn === call.body["roleArn"])
    return { association: show(eks, cluster, same) };
  if (same)
    throw new AwsError(409, "ResourceInUseException", `Association already exists: ${same.id}`, {
      clusterName: cluster.name,
    });
  const given = settings(call, roleTrusts, undefined);
  return put(cluster, {
    id: `a-${randomBytes(9).toString("hex").slice(0, 17)}`,
    namespace,
    serviceAccount,
    ...given,
    tags: (tags ?? {}) as Readonly<Record<string, string>>,
    createdAt: now(),
    modifiedAt: now(),
    ...(typeof clientRequestToken === "string" ? { token: clientRequestToken } : {}),
  });
}

/** The settings that create and update share, over those that stand. */
function settings(call: RestCall, roleTrusts: RoleTrusts, standing: PodIdentityAssociation | undefined) {
  const { roleArn = standing?.roleArn, targetRoleArn, disableSessionTags, policy } = call.body;
  if (typeof roleArn !== "string") throw invalid("roleArn is required");
  const trust = roleTrusts(roleArn);
  if (trust === "absent") throw invalid(`Role provided in the request does not exist: ${roleArn}`);
  if (trust === "untrusting")
    throw invalid(
      "Trust policy of the role provided in the request does not allow pods.eks.amazonaws.com to perform sts:AssumeRole and sts:TagSession",
    );
  const noTags = typeof disableSessionTags === "boolean" ? disableSessionTags : (standing?.disableSessionTags ?? false);
  const target = typeof targetRoleArn === "string" ? targetRoleArn : standing?.targetRoleArn;
  const session = typeof policy === "string" ? policy : standing?.policy;
  if (session !== undefined && !noTags) throw invalid("disableSessionTags must be true when a policy is given");
  return {
    roleArn,
    disableSessionTags: noTags,
    ...(session === undefined ? {} : { policy: session }),
    ...(target === undefined ? {} : { targetRoleArn: target, externalId: standing?.externalId ?? randomUUID() }),
  };
}

function summary(eks: EksState, cluster: Cluster, association: PodIdentityAssociation) {
  return {
    clusterName: cluster.name,
    namespace: association.namespace,
    serviceAccount: association.serviceAccount,
    associationArn: eks.arn(`podidentityassociation/${cluster.name}/${association.id}`),
    associationId: association.id,
    ownerArn: association.ownerArn,
  };
}

function show(eks: EksState, cluster: Cluster, association: PodIdentityAssociation) {
  const { roleArn, targetRoleArn, externalId, disableSessionTags, policy, tags, createdAt, modifiedAt } = association;
  const times = { createdAt: createdAt / 1000, modifiedAt: modifiedAt / 1000 };
  return {
    ...summary(eks, cluster, association),
    roleArn,
    targetRoleArn,
    externalId,
    disableSessionTags,
    policy,
    tags,
    ...times,
  };
}

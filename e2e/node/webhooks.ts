import { type Handler, type Listening, listen } from "../../sandbox/http.ts";
import type { Identity } from "../../sandbox/kubernetes/auth.ts";
import { createAuthority } from "../../sandbox/tls.ts";
import type { RealCluster } from "../control-plane/cluster.ts";

const tokenFolder = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
const annotation = "eks.amazonaws.com/role-arn";

/** Judges tokens for an API server by TokenReview, as EKS's authenticator does. */
export function startTokenReviews(
  judge: (token: string) => Identity | undefined,
  onDefect: (error: unknown) => void,
): Promise<Listening> {
  return listen(async (call) => {
    const review = JSON.parse((await call.body()).toString());
    const identity = judge(review.spec.token);
    const admin = identity?.policies?.some(({ name }) => name === "AmazonEKSClusterAdminPolicy");
    return json({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      status: identity
        ? {
            authenticated: true,
            user: { username: identity.user, groups: [...identity.groups, ...(admin ? ["system:masters"] : [])] },
          }
        : { authenticated: false },
    });
  }, onDefect);
}

/**
 * Plays EKS's Pod Identity webhook: pods whose service account names a role get a token for STS, signed by the cluster, and the variables by which
 * AWS's SDKs find it; `more` is added to those.
 */
export async function startIdentityWebhook(
  cluster: RealCluster,
  more: Readonly<Record<string, string>>,
  onDefect: (error: unknown) => void,
): Promise<Listening> {
  const authority = await createAuthority("e2e webhook");
  const leaf = await authority.issue({ names: ["127.0.0.1"] });
  const handler: Handler = async (call) => {
    const { request } = JSON.parse((await call.body()).toString());
    const pod = request.object;
    const account = pod.spec.serviceAccountName ?? "default";
    const path = `/api/v1/namespaces/${request.namespace}/serviceaccounts/${account}`;
    const role = (await cluster.api.must("GET", path))["metadata"].annotations?.[annotation];
    const patch = role === undefined ? [] : patchOf(pod, { AWS_ROLE_ARN: role, ...more });
    return json({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: {
        uid: request.uid,
        allowed: true,
        ...(patch.length > 0
          ? { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }
          : {}),
      },
    });
  };
  const listening = await listen(handler, onDefect, leaf);
  await cluster.api.create("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: "pod-identity-webhook" },
    webhooks: [
      {
        name: "iam-for-pods.amazonaws.com",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Fail",
        clientConfig: {
          url: `${listening.url}/mutate`,
          caBundle: Buffer.from(authority.certificate).toString("base64"),
        },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
      },
    ],
  });
  return listening;
}

interface Container {
  readonly env?: readonly object[];
  readonly volumeMounts?: readonly object[];
}

/** The JSON patch that brings token and variables into every container. */
export function patchOf(
  {
    spec,
  }: {
    readonly spec: {
      readonly volumes?: readonly object[];
      readonly containers: readonly Container[];
      readonly initContainers?: readonly Container[];
    };
  },
  variables: Readonly<Record<string, string>>,
): readonly object[] {
  const all = { ...variables, AWS_WEB_IDENTITY_TOKEN_FILE: `${tokenFolder}/token` };
  const env = Object.entries(all).map(([name, value]) => ({ name, value }));
  const mount = { name: "aws-iam-token", mountPath: tokenFolder, readOnly: true };
  const volume = {
    name: mount.name,
    projected: {
      sources: [{ serviceAccountToken: { audience: "sts.amazonaws.com", expirationSeconds: 86_400, path: "token" } }],
    },
  };
  return [
    { op: "add", path: "/spec/volumes", value: [...(spec.volumes ?? []), volume] },
    ...(["initContainers", "containers"] as const).flatMap((kind) =>
      (spec[kind] ?? []).flatMap((container, index) => [
        { op: "add", path: `/spec/${kind}/${index}/env`, value: [...(container.env ?? []), ...env] },
        { op: "add", path: `/spec/${kind}/${index}/volumeMounts`, value: [...(container.volumeMounts ?? []), mount] },
      ]),
    ),
  ];
}

function json(value: unknown) {
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

import type { Api, Writer } from "./api.ts";
import { bootstrapRoles } from "./auth.ts";
import { findKind } from "./kinds.ts";
import type { KubeObject } from "./objects.ts";
import { asJson } from "./objects.ts";

const writer: Writer = { user: "system:masters", manager: "eks" };
const balancerName = "aws-load-balancer-controller";
const webhookService = "aws-load-balancer-webhook-service";

/** What a cluster holds before anyone installs anything: namespaces, roles, and the controllers that the guide requires. */
export function bootstrap(api: Api): void {
  for (const name of ["default", "kube-node-lease", "kube-public", "kube-system"])
    put(api, "v1", "Namespace", { metadata: { name } });
  for (const [name, rules] of Object.entries(bootstrapRoles))
    put(api, "rbac.authorization.k8s.io/v1", "ClusterRole", { metadata: { name }, rules });
  put(api, "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", {
    metadata: { name: "cluster-admin" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:masters" }],
  });
  balancerController(api);
  gpuOperator(api);
}

/** The AWS Load Balancer Controller as its chart installs it: pods, webhooks, class. */
function balancerController(api: Api): void {
  const labels = { "app.kubernetes.io/name": balancerName, "app.kubernetes.io/instance": balancerName };
  const metadata = { namespace: "kube-system", labels };
  put(api, "v1", "ServiceAccount", { metadata: { ...metadata, name: balancerName } });
  put(api, "v1", "Service", {
    metadata: { ...metadata, name: webhookService },
    spec: { selector: labels, ports: [{ name: "webhook-server", port: 443, targetPort: "webhook-server" }] },
  });
  put(api, "apps/v1", "Deployment", {
    metadata: { ...metadata, name: balancerName },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: balancerName,
          containers: [
            {
              name: "controller",
              image: "public.ecr.aws/eks/aws-load-balancer-controller:v2.14.1",
              ports: [{ name: "webhook-server", containerPort: 9443 }],
            },
          ],
        },
      },
    },
  });
  put(api, "elbv2.k8s.aws/v1beta1", "IngressClassParams", { metadata: { name: "alb", labels } });
  put(api, "networking.k8s.io/v1", "IngressClass", {
    metadata: { name: "alb", labels },
    spec: {
      controller: "ingress.k8s.aws/alb",
      parameters: { apiGroup: "elbv2.k8s.aws", kind: "IngressClassParams", name: "alb" },
    },
  });
  const webhook = (name: string, path: string, group: string, resource: string, operations: readonly string[]) => ({
    name,
    clientConfig: { service: { name: webhookService, namespace: "kube-system", path } },
    rules: [{ operations, apiGroups: [group], apiVersions: ["v1"], resources: [resource] }],
    failurePolicy: "Fail",
    sideEffects: "None",
    admissionReviewVersions: ["v1beta1"],
  });
  put(api, "admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", {
    metadata: { name: "aws-load-balancer-webhook", labels },
    webhooks: [webhook("mservice.elbv2.k8s.aws", "/mutate-v1-service", "", "services", ["CREATE"])],
  });
  put(api, "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", {
    metadata: { name: "aws-load-balancer-webhook", labels },
    webhooks: [
      webhook("vingress.elbv2.k8s.aws", "/validate-networking-v1-ingress", "networking.k8s.io", "ingresses", [
        "CREATE",
        "UPDATE",
      ]),
    ],
  });
}

/** What is left to see of a GPU operator that has done its work. */
function gpuOperator(api: Api): void {
  put(api, "v1", "Namespace", { metadata: { name: "gpu-operator" } });
  put(api, "nvidia.com/v1", "ClusterPolicy", { metadata: { name: "cluster-policy" }, spec: {} });
  const policy = api.store.get("clusterpolicies", undefined, "cluster-policy");
  if (!policy) return;
  const change = (draft: KubeObject & { status?: unknown }) => {
    draft.status = {
      state: "ready",
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "Reconciled",
          message: "ClusterPolicy is ready as all resources have been successfully reconciled",
        },
      ],
    };
  };
  api.modify("clusterpolicies", policy, change, { ...writer, subresource: "status" });
}

interface Rest {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: object };
  readonly [field: string]: unknown;
}

function put(api: Api, apiVersion: string, kindName: string, rest: Rest): void {
  const kind = findKind(apiVersion, kindName);
  if (!kind) throw new Error(`the sandbox has no kind ${apiVersion} ${kindName}`);
  const object = { apiVersion, kind: kindName, ...rest };
  api.create(kind, rest.metadata.namespace, asJson(object as unknown as KubeObject), writer);
}

import type { State } from "./shapes.ts";

/** Pods that are refused before they exist. */
export const admission: readonly State[] = [
  [
    "a quota refuses the pod",
    {
      pods: [],
      refused: 'pods "a" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, used: 2, limited: 2',
    },
    "DEPLOY_QUOTA",
  ],
  [
    "Pod Security refuses the pod",
    { pods: [], refused: 'pods "a" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation' },
    "DEPLOY_POD_SECURITY",
  ],
  [
    "a webhook without endpoints refuses the pod",
    {
      pods: [],
      refused:
        'Internal error occurred: failed calling webhook: no endpoints available for service "aws-load-balancer-webhook-service"',
    },
    "DEPLOY_WEBHOOK_DOWN",
  ],
  [
    "the service account is missing",
    {
      pods: [],
      refused:
        'pods "a" is forbidden: error looking up service account models/inference: serviceaccount "inference" not found',
    },
    "DEPLOY_SERVICE_ACCOUNT",
  ],
  [
    "a policy refuses the pod",
    {
      pods: [],
      refused: "pods is forbidden: ValidatingAdmissionPolicy 'x' with binding 'x' denied request: no latest tags",
    },
    "DEPLOY_ADMISSION_DENIED",
  ],
  [
    "the namespace is going away",
    { pods: [], refused: "unable to create new content in namespace a because it is being terminated" },
    "DEPLOY_NAMESPACE_TERMINATING",
  ],
  [
    "a webhook's certificate is not trusted",
    {
      pods: [],
      refused:
        'Internal error occurred: failed calling webhook "mpod.elbv2.k8s.aws": failed to call webhook: Post "https://aws-load-balancer-webhook-service.kube-system.svc:443/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    },
    "DEPLOY_WEBHOOK_DOWN",
  ],
  [
    "a webhook does not answer in time",
    {
      pods: [],
      refused:
        'Internal error occurred: failed calling webhook "x.example.com": failed to call webhook: Post "https://x.example.svc:443/": context deadline exceeded',
    },
    "DEPLOY_WEBHOOK_DOWN",
  ],
  [
    "a limit range refuses the pod",
    { pods: [], refused: 'pods "a" is forbidden: maximum memory usage per Container is 64Gi, but limit is 512Gi' },
    "DEPLOY_ADMISSION_DENIED",
  ],
  ["the Deployment is paused", { pods: [], paused: true, ingress: { address: "x" } }, "DEPLOY_PAUSED"],
];

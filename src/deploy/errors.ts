import type { Catalogue } from "../errors.ts";

const pending =
  "If a model pod is `Pending`, confirm the cluster has enough GPUs for the `gpus` value you requested and that the NVIDIA GPU Operator is healthy.";
const loop =
  "If pods stay in `Init` or restart in a loop, check the init container logs. A stale or misspelled checkpoint path syncs nothing and the pod never starts. An `AccessDenied` error usually means the IRSA role's policy does not cover the bucket or its KMS key.";
const address =
  "If the load balancer never receives an address, confirm the AWS Load Balancer Controller is running and that your subnets carry the `kubernetes.io/role/elb` or `kubernetes.io/role/internal-elb` tags.";
const pull =
  "If image pulls fail, confirm the GPU node group's instance role has the `AmazonEC2ContainerRegistryReadOnly` policy and that the `atlas` repository exists in ECR.";
const webhook =
  'If `helm install` fails with `no endpoints available for service "aws-load-balancer-webhook-service"`, the AWS Load Balancer Controller has no ready pods, so its admission webhook rejects the `Service` objects the chart creates.';
const archive =
  "If model pods never become ready and the init container logs show no checkpoint files synced, the S3 prefix may hold the checkpoint `.tar` instead of its extracted contents.";

/** Codes of preflight, release, rollout and rollback. */
export const deployErrors: Catalogue = {
  DEPLOY_PREFLIGHT: {
    means: "Several checks of the cluster fail. Nothing was written.",
    remedy: "Mend what each check names; `accept` turns a known one, by its code, into a warning.",
  },
  DEPLOY_KUBERNETES_OLD: {
    means: "The cluster runs a Kubernetes before 1.29.",
    remedy: "Upgrade the cluster.",
  },
  DEPLOY_RIGHTS_MISSING: {
    means: "The caller lacks rights in the cluster that the release needs.",
    remedy: "Bind the Role and ClusterRole of docs/permissions.md to its access entry.",
  },
  DEPLOY_OTHER_CHART: {
    means: "A release of that name exists and is of another chart.",
    remedy: "Choose another release name, or remove that release.",
  },
  DEPLOY_OBJECT_FOREIGN: {
    means: "An object that the chart makes is there already, and not of this release: helm would refuse to take it.",
    remedy: "Let the release have it (label and annotate it as the message says), use it by the values, or delete it.",
  },
  DEPLOY_KIND_UNKNOWN: {
    means: "The chart makes objects of a kind that the cluster does not know.",
    remedy: "Install the CRDs that bring it, or turn these objects off in the values.",
  },
  DEPLOY_INGRESS_CLASS: {
    means: "The ingress class that the chart uses does not exist.",
    remedy: "Install the AWS Load Balancer Controller, or correct `ingress.className`.",
  },
  DEPLOY_VALUES_UNREADABLE: {
    means: "The values file is missing or no YAML map.",
    remedy: "Run render-values before, or give the path of its file as `values-file`.",
  },
  DEPLOY_NO_CHART: { means: "No chart was given.", remedy: "Give `chart` or `bundle`, or run push-images before." },
  DEPLOY_MANIFEST: {
    means: "The chart renders something that is no Kubernetes object.",
    remedy: "Look at what it renders: helm template.",
  },
  DEPLOY_RELEASE_UNREADABLE: {
    means: "A release Secret cannot be read.",
    remedy: "Look at it with helm history; a broken revision can be removed by deleting its Secret.",
  },
  DEPLOY_DNS_ZONE: {
    means: "`dns: route53` lacks `hosted-zone-id`, or the zone is not there or does not hold the models' hosts.",
    remedy: "Give the id of the right hosted zone, or leave `dns` at none and make the records that are printed.",
  },
  DEPLOY_DNS_FOREIGN: {
    means: "A model's host has a record that eks-deploy did not make. Nothing was written.",
    remedy: "Remove that record, or leave `dns` at none.",
  },
  DEPLOY_DNS_UNSEEN: {
    means: "The records are in place, but the names do not resolve to the load balancer from the runner.",
    remedy: "Ask where the models are called from; a private zone is seen from its VPC only.",
  },
  DEPLOY_DNS_PENDING: {
    means: "Route 53 took the records and has not put them in place.",
    remedy: "Run again; what is in place is not written again.",
  },
  DEPLOY_LOCKED: {
    means: "Another run holds the release's Lease; the message names it.",
    remedy: "Wait for that run, or cancel it. A dead holder's Lease is taken over a minute after it stopped.",
  },
  DEPLOY_OPERATION_PENDING: {
    means: "A helm operation that eks-deploy did not start is under way on the release.",
    remedy: "Wait for it. If it was killed, run again ten minutes after it began.",
  },
  DEPLOY_SECRET_FOREIGN: {
    means: "A Secret of that name was made by someone else and holds another value. Nothing was written.",
    remedy: "Leave the input out to use it as it is, name another Secret, or accept this code to take it over.",
  },
  DEPLOY_SECRET_NEWER: {
    means:
      "A rollback could not give a Secret its earlier value back: its run was cut off, and no file holds values of Secrets.",
    remedy: "Release again with the earlier value, or with a cause that is mended.",
  },
  DEPLOY_SECRET_MISSING: {
    means: "Pods read a Secret, or a key of it, that is not there.",
    remedy: "Give `api-key` or `api-key-from`, or make the Secret with the key VLLM_API_KEY.",
  },
  DEPLOY_ROLLOUT_FAILED: {
    means: "The release did not get healthy; the causes are named in the message.",
    remedy: "Mend what each cause names, then run again.",
  },
  DEPLOY_TIMEOUT: {
    means: "The release is not healthy within `timeout`, and no single cause was found.",
    remedy: "Look at the timeline; raise `timeout` for a first download of large checkpoints.",
  },
  DEPLOY_ROLLBACK_FAILED: {
    means: "The rollback after a failed release failed too. The release needs a person.",
    remedy: "helm history shows its revisions, kubectl get pods their state.",
  },
  DEPLOY_GPU_SHORT: {
    means: "There are not enough free GPUs for the pods.",
    remedy: "Add GPU nodes, lower `gpus`, or free some.",
    guide: pending,
  },
  DEPLOY_GPU_ABSENT: {
    means: "No node advertises nvidia.com/gpu.",
    remedy: "Check GPU nodes and the NVIDIA GPU Operator or device plugin.",
    guide: pending,
  },
  DEPLOY_GPU_PLUGIN: {
    means: "Nodes that should have GPUs offer none, or the GPU Operator is not ready.",
    remedy: "Look at the GPU Operator's or the device plugin's pods on those nodes.",
    guide: pending,
  },
  DEPLOY_NODE_GROUP: {
    means: "EKS reports that a node group has a problem.",
    remedy: "Mend what it names; new nodes do not join until then.",
  },
  DEPLOY_NODE_PULL_POLICY: {
    means: "None of AWS's own pull policies is attached to the nodes' role. A policy of your own may do the same.",
    remedy: "Attach AmazonEC2ContainerRegistryReadOnly to the node role.",
    guide: pull,
  },
  DEPLOY_S3_ENDPOINT: {
    means: "The cluster's VPC has no S3 gateway endpoint: checkpoints pass NAT gateways.",
    remedy: "Make one for the route tables of the nodes' subnets.",
  },
  DEPLOY_ECR_ENDPOINTS: {
    means: "Nodes in private subnets have no interface endpoints for ECR.",
    remedy: "Make endpoints for ecr.api and ecr.dkr, unless NAT gateways are meant to carry the images.",
  },
  DEPLOY_SURGE_DEADLOCK: {
    means: "A rolling update needs GPUs for old and new pods together, and they do not fit: it would wait for ever.",
    remedy: "`surge: recreate` lets the old pods go first (downtime); or free GPUs.",
  },
  DEPLOY_TAINT: {
    means: "Nodes carry a taint that the pods do not tolerate.",
    remedy: "Add a toleration to the values.",
  },
  DEPLOY_RESOURCES_SHORT: {
    means: "No node has enough memory, processors or disk for a pod.",
    remedy: "Use larger nodes or lower requests.",
  },
  DEPLOY_UNSCHEDULABLE: {
    means: "No node fits a pod, for a reason in the scheduler's words.",
    remedy: "kubectl describe pod shows them.",
    guide: pending,
  },
  DEPLOY_IMAGE_NAME: { means: "An image reference is invalid.", remedy: "Correct `image.registry`." },
  DEPLOY_IMAGE_NOT_FOUND: {
    means: "An image is not in the registry.",
    remedy: "Push the bundle's images, and check `image.registry`.",
    guide: pull,
  },
  DEPLOY_IMAGE_DENIED: {
    means: "The nodes may not pull an image.",
    remedy: "Give the node role AmazonEC2ContainerRegistryReadOnly.",
    guide: pull,
  },
  DEPLOY_IMAGE_PLATFORM: {
    means: "An image is built for other processors than the node has.",
    remedy: "Run it on nodes of the right architecture.",
    guide: pull,
  },
  DEPLOY_IMAGE_PULL: {
    means: "An image cannot be pulled.",
    remedy: "Check the nodes' way to the registry.",
    guide: pull,
  },
  DEPLOY_IMAGE_DIFFERS: {
    means: "A pod runs other bytes of an image than those that were pushed.",
    remedy: "Use immutable tags, or imagePullPolicy Always.",
  },
  DEPLOY_DISK_FULL: { means: "A node's disk is full.", remedy: "Give the nodes larger disks." },
  DEPLOY_CHECKPOINT_DENIED: {
    means: "The pods' role may not read the checkpoint.",
    remedy: "Run ensure-irsa.",
    guide: loop,
  },
  DEPLOY_CHECKPOINT_KEY_DENIED: {
    means: "The pods' role may not decrypt the checkpoint.",
    remedy: "Run ensure-irsa with the bucket's KMS key.",
    guide: loop,
  },
  DEPLOY_CHECKPOINT_EMPTY: {
    means: "The downloader finds no checkpoint files at the prefix.",
    remedy: "Compare `models.<key>.model` with what lies in S3; run sync-checkpoints.",
    guide: archive,
  },
  DEPLOY_CHECKPOINT_MISSING: {
    means: "The checkpoint's bucket does not exist.",
    remedy: "Correct the prefix.",
    guide: loop,
  },
  DEPLOY_ROLE_NOT_ASSUMED: {
    means: "A pod cannot assume its role.",
    remedy: "Run ensure-irsa with this namespace and service account.",
  },
  DEPLOY_NO_CREDENTIALS: { means: "A pod has no AWS credentials.", remedy: "Check the service account's annotation." },
  DEPLOY_CHECKPOINT_INCOMPLETE: {
    means:
      "A checkpoint's prefix does not hold what its manifest names: a sync is not finished, or someone wrote there.",
    remedy: "Run sync-checkpoints again; finished files are not sent twice.",
  },
  DEPLOY_DOWNLOAD_FAILED: { means: "An init container ends with an error.", remedy: "Read its log.", guide: loop },
  DEPLOY_DOWNLOAD_STALLED: {
    means: "A checkpoint's download brings no bytes any more (`stall-timeout`).",
    remedy: "Check the nodes' way to S3.",
  },
  DEPLOY_LOAD_STALLED: { means: "A model server is silent and not ready.", remedy: "Read its log; look at the GPUs." },
  DEPLOY_OOM: { means: "The kernel ended a container for its memory.", remedy: "Raise its memory limit." },
  DEPLOY_GPU_MEMORY: { means: "A model does not fit the memory of its GPUs.", remedy: "Give it more or larger GPUs." },
  DEPLOY_GPU_DRIVER: {
    means: "A container finds no usable GPU driver.",
    remedy: "Check the GPU Operator and the node.",
  },
  DEPLOY_CRASH: { means: "A model server crashes.", remedy: "Read its log." },
  DEPLOY_CONTAINER_CONFIG: {
    means: "A container cannot be made.",
    remedy: "Mend what the message names in the values.",
  },
  DEPLOY_PROBE_FAILING: {
    means: "A model server runs, but its readiness probe fails.",
    remedy: "Ask /health, and read its log.",
  },
  DEPLOY_READINESS_GATE: {
    means: "A pod is ready, but the load balancer's target is not.",
    remedy: "Check the target group's health check and security groups.",
    guide: "If requests return a 5xx from the load balancer, confirm the target group is healthy.",
  },
  DEPLOY_EVICTED: { means: "A node evicted a pod.", remedy: "Give the node more of what ran out." },
  DEPLOY_NODE_LOST: { means: "A pod's node went away, or could not give it its devices.", remedy: "Look at the node." },
  DEPLOY_SANDBOX: {
    means: "A node cannot set a pod up, often for want of addresses.",
    remedy: "Check the subnets' free addresses.",
  },
  DEPLOY_VOLUME: { means: "A volume cannot be mounted.", remedy: "kubectl describe pod shows why." },
  DEPLOY_QUOTA: { means: "A ResourceQuota does not allow a pod.", remedy: "Raise it, or free what others use." },
  DEPLOY_POD_SECURITY: {
    means: "The namespace's Pod Security level refuses a pod.",
    remedy: "Set the security contexts in the values.",
  },
  DEPLOY_WEBHOOK_DOWN: {
    means: "An admission webhook has no ready pods and refuses the release's objects.",
    remedy: "Bring the AWS Load Balancer Controller back, then run again.",
    guide: webhook,
  },
  DEPLOY_NAMESPACE_TERMINATING: { means: "The namespace is being deleted.", remedy: "Wait until it is gone." },
  DEPLOY_SERVICE_ACCOUNT: {
    means: "The pods' service account is not there.",
    remedy: "Let the chart make it, or create it.",
  },
  DEPLOY_PAUSED: {
    means: "Someone has paused a Deployment: no new pods are made.",
    remedy: "Resume it: kubectl rollout resume deployment/<name>",
  },
  DEPLOY_ADMISSION_DENIED: { means: "Admission control refuses an object.", remedy: "Change what the message names." },
  DEPLOY_INGRESS_OVERRULED: {
    means: "The ingress class has IngressClassParams that set another scheme or group than the values; they win.",
    remedy: "Say the same in the values, or use another ingress class.",
  },
  DEPLOY_INGRESS_SUBNETS: { means: "No subnets are found for the load balancer.", remedy: "Tag them.", guide: address },
  DEPLOY_INGRESS_CERTIFICATE: {
    means: "The load balancer's certificate cannot be used.",
    remedy: "Check certificate-arn.",
  },
  DEPLOY_INGRESS_DENIED: { means: "The load balancer controller's role lacks a right.", remedy: "Update its policy." },
  DEPLOY_INGRESS_CONFLICT: {
    means: "Ingresses of one group contradict each other.",
    remedy: "Give all the same settings.",
  },
  DEPLOY_INGRESS_FAILED: {
    means: "An Ingress cannot be reconciled.",
    remedy: "Read the controller's words.",
    guide: address,
  },
  DEPLOY_INGRESS_NO_CONTROLLER: {
    means: "The load balancer controller has no ready pods.",
    remedy: "Bring it back.",
    guide: address,
  },
};

import { choice, duration, flag, list, nameOr, section, text, textMap } from "./builders.ts";
import { patterns } from "./patterns.ts";

export const cluster = nameOr(
  section(
    {
      description: "The EKS cluster: its name, or a map with name, or kubeconfig and context.",
      examples: ["poolside", { kubeconfig: "kube.yaml", context: "poolside" }],
    },
    {
      name: text({ description: "Name of the EKS cluster.", examples: ["poolside"] }),
      kubeconfig: text({ description: "Kubeconfig file, instead of the name.", examples: ["kube.yaml"] }),
      context: text({ description: "Context of the kubeconfig.", examples: ["poolside"] }),
    },
  ),
);

export const identity = section(
  { description: "How the pods get credentials for S3.", examples: [{ mode: "irsa", roleName: "inference-pod-role" }] },
  {
    mode: choice(["irsa", "pod-identity", "existing", "static-secret"], {
      description: "Way of getting credentials.",
      examples: ["irsa"],
      default: "irsa",
    }),
    serviceAccount: text(
      { description: "Service account of the model servers.", examples: ["inference"], default: "inference" },
      { pattern: patterns.label },
    ),
    bucket: text(
      { description: "Bucket that may be read; default: checkpoints.bucket.", examples: ["acme-models-dev"] },
      { pattern: patterns.bucket },
    ),
    scope: choice(["bucket", "prefixes"], {
      description: "What the policy grants: the bucket, or only the models' prefixes.",
      examples: ["bucket"],
      default: "bucket",
    }),
    kmsKeyArn: text({
      description: "`auto` (the bucket's own), `none`, or the ARN of a key.",
      examples: ["auto"],
      default: "auto",
    }),
    roleName: text(
      { description: "Name of the role.", examples: ["inference-pod-role"], default: "inference-pod-role" },
      { maxLength: 64 },
    ),
    roleArn: text(
      {
        description: "Role of others, with mode existing.",
        examples: ["arn:aws:iam::210987654321:role/inference-pod-role"],
      },
      { pattern: patterns.roleArn },
    ),
    policyName: text(
      { description: "Name of the policy.", examples: ["inference-pod-policy"], default: "inference-pod-policy" },
      { maxLength: 128 },
    ),
    path: text({ description: "IAM path of role and policy.", examples: ["/poolside/"], default: "/" }),
    permissionsBoundary: text({
      description: "ARN of a permissions boundary for the role.",
      examples: ["arn:aws:iam::210987654321:policy/boundary"],
    }),
    tags: textMap({ description: "Tags of role and policy.", examples: [{ team: "ml" }] }),
    adopt: flag({
      description: "Take over a role or policy that carries no tag of ours.",
      examples: [false],
      default: false,
    }),
    createOidcProvider: flag({
      description: "Create the account's IAM OIDC provider for the cluster where it is missing.",
      examples: [false],
      default: false,
    }),
    s3Secret: text(
      {
        description: "Secret with the static keys, with mode static-secret; helm-deploy writes it.",
        examples: ["aws-credentials"],
        default: "aws-credentials",
      },
      { pattern: patterns.label },
    ),
    simulate: choice(["auto", "required", "off"], {
      description: "Prove access by policy simulation.",
      examples: ["auto"],
      default: "auto",
    }),
  },
);

export const authentication = section(
  { description: "The API key of the model servers.", examples: [{ secretName: "vllm-auth" }] },
  {
    secretName: text({
      description: 'Kubernetes Secret with the key VLLM_API_KEY; "" turns authentication off.',
      examples: ["vllm-auth", ""],
      default: "vllm-auth",
    }),
    keyFrom: text(
      {
        description: "Where the key is kept: `secretsmanager:<arn>#<key>` or `ssm:<name>`. Never the key itself.",
        examples: ["secretsmanager:arn:aws:secretsmanager:us-east-2:210987654321:secret:vllm#VLLM_API_KEY"],
      },
      { pattern: patterns.keyReference },
    ),
  },
);

export const ingress = section(
  {
    description: "The Application Load Balancer in front of the models.",
    examples: [{ scheme: "internal", certificateArn: "arn:aws:acm:us-east-2:210987654321:certificate/0f1e" }],
  },
  {
    scheme: choice(["internal", "internet-facing"], {
      description: "Who reaches the models: the VPC, or the internet.",
      examples: ["internal"],
    }),
    groupName: text(
      { description: "Load balancer group that all ingresses share.", examples: ["poolside"], default: "poolside" },
      { pattern: "^([a-z0-9][-a-z0-9.]*)?[a-z0-9]$", maxLength: 63 },
    ),
    certificateArn: text(
      {
        description: "ACM certificate that covers every host; several separated by commas.",
        examples: ["arn:aws:acm:us-east-2:210987654321:certificate/0f1e"],
      },
      { pattern: patterns.certificateArns },
    ),
    httpRedirect: flag({ description: "Open port 80 and redirect it to 443.", examples: [true], default: false }),
    allowPublicWithoutKey: flag({
      description: "Acknowledge an internet-facing load balancer without an API key.",
      examples: [false],
      default: false,
    }),
    annotations: textMap({
      description: "Further annotations of every Ingress; they win over those that are made.",
      examples: [{ "alb.ingress.kubernetes.io/inbound-cidrs": "10.0.0.0/8" }],
    }),
  },
);

export const deploy = section(
  { description: "How the release is rolled out.", examples: [{ timeout: "60m", onFailure: "rollback" }] },
  {
    timeout: duration({ description: "How long the rollout may take in all.", examples: ["60m"], default: "60m" }),
    stallTimeout: duration({
      description: "How long a download or a loading model may stand still.",
      examples: ["15m"],
    }),
    onFailure: choice(["rollback", "keep"], {
      description: "What happens after a failed rollout.",
      examples: ["rollback"],
      default: "rollback",
    }),
    onCancel: choice(["leave", "rollback"], {
      description: "What happens after a cancel.",
      examples: ["leave"],
      default: "leave",
    }),
    lockTimeout: duration({
      description: "How long to wait for another run of the same release.",
      examples: ["10m"],
      default: "10m",
    }),
    preflight: choice(["true", "only", "false", true, false], {
      description: "Check the cluster before anything is written.",
      examples: [true],
      default: true,
    }),
    accept: list({
      description: "Codes of known findings that are shown as warnings.",
      examples: [["DEPLOY_SURGE"]],
      default: [],
    }),
    helmVersion: text({ description: "Versions of helm that may be used.", examples: [">=3.12"], default: ">=3.12" }),
    dns: choice(["none", "route53"], {
      description: "Whether DNS records are written.",
      examples: ["none"],
      default: "none",
    }),
    hostedZoneId: text({ description: "Route 53 zone of the hosts.", examples: ["Z0123456789ABCDEFGHIJ"] }),
    surge: choice(["auto", "recreate", "wait"], {
      description: "What happens where old and new pods do not fit side by side.",
      examples: ["auto"],
      default: "auto",
    }),
  },
);

export const docs = section(
  {
    description: "The documentation site that the bundle ships.",
    examples: [{ enabled: true, host: "docs.dev.example.com" }],
  },
  {
    enabled: flag({ description: "Whether the site is deployed.", examples: [true], default: false }),
    host: text({ description: "Host name of the site.", examples: ["docs.dev.example.com"] }),
  },
);

import type { ContainerStatus } from "../../cluster/objects.ts";
import { redact } from "../redact.ts";
import type { Snapshot } from "../snapshot.ts";
import { type Diagnosis, type DiagnosisScope, named, patience } from "./diagnosis.ts";
import { containersOf, crashAttempts, currentPods, isCrashing, lastEnd, lastWords } from "./pods.ts";

/** Init containers that end with an error: the checkpoint does not reach the pod. The tail of the log says why. */
export function init(snapshot: Snapshot, scope: DiagnosisScope): readonly Diagnosis[] {
  return currentPods(snapshot, scope).flatMap(({ pod }) =>
    containersOf(pod)
      .filter((view) => view.init && isCrashing(view.status))
      .slice(0, 1)
      .map(({ container, status }) => {
        const lines = lastWords(snapshot, pod, status);
        const ended = lastEnd(status);
        const found = reasonOf(lines, ended?.reason ?? "");
        return {
          object: named(pod, "Pod"),
          code: found.code,
          cause: found.cause,
          evidence: redact(
            found.line ??
              lines.at(-1) ??
              `${container.name} ended with code ${ended?.exitCode ?? "?"} (${ended?.reason ?? "Error"})`,
          ),
          remedy: `${found.remedy} Log: kubectl logs -n ${snapshot.namespace} ${pod.metadata.name} -c ${container.name}`,
          patience: patienceWith(status),
          attempts: crashAttempts(status),
        };
      }),
  );
}

/** A download can fail once for a reason that passes, and then goes on for an hour; the third failure in a row shows that this one does not pass. */
function patienceWith({ state, restartCount }: ContainerStatus): number {
  if (state?.running) return patience.endless;
  return restartCount >= 2 ? patience.none : patience.usual;
}

interface Cause {
  readonly pattern: RegExp;
  readonly code: string;
  readonly cause: string;
  readonly remedy: string;
}

/** In order: what is told by several lines is told by the most telling first. */
const causes: readonly Cause[] = [
  {
    pattern: /exec format error/i,
    code: "DEPLOY_IMAGE_PLATFORM",
    cause: "The image is not built for the node's processors.",
    remedy: "Run it on nodes of the right architecture (kubernetes.io/arch): set a nodeSelector in the values.",
  },
  {
    pattern:
      /\bdial tcp\b|no such host|name or service not known|temporary failure in name resolution|could not connect to the endpoint|(connect|read) timeout on endpoint|network is unreachable/i,
    code: "DEPLOY_DOWNLOAD_FAILED",
    cause: "The pod does not reach AWS.",
    remedy: "Check the nodes' way to STS and S3: NAT, or the interface endpoint of STS and the gateway endpoint of S3.",
  },
  {
    pattern: /VPC endpoint policy/i,
    code: "DEPLOY_CHECKPOINT_DENIED",
    cause: "The policy of the VPC's endpoint keeps the pods from the checkpoint.",
    remedy: "Let the endpoint's policy allow s3:GetObject and s3:ListBucket on the bucket, for the pods' role.",
  },
  {
    pattern: /explicit deny in a (service control|resource-based|permissions boundary)/i,
    code: "DEPLOY_CHECKPOINT_DENIED",
    cause: "A policy of the bucket, the key or the organisation denies the pods' role the checkpoint.",
    remedy: "Ask whoever keeps the policy that the message names; the role's own policy does not overrule it.",
  },
  {
    pattern: /assumed-role\/[^/\s]+\/i-[0-9a-f]{8,}/,
    code: "DEPLOY_NO_CREDENTIALS",
    cause: "The pod asks S3 with its node's role: it has none of its own.",
    remedy:
      "Check that the service account carries eks.amazonaws.com/role-arn (or has a Pod Identity association), and was there before the pod; then restart it.",
  },
  {
    pattern: /No OpenIDConnect provider found/i,
    code: "DEPLOY_ROLE_NOT_ASSUMED",
    cause: "The account has no IAM OIDC provider for the cluster: no pod can assume a role.",
    remedy: "Run ensure-irsa with create-oidc-provider: true.",
  },
  {
    pattern: /kms:|KMS\.|is not authorized to perform: kms|AccessDenied.*(kms|key)/i,
    code: "DEPLOY_CHECKPOINT_KEY_DENIED",
    cause: "The pods' role may not decrypt the checkpoint with the bucket's KMS key.",
    remedy: "Run ensure-irsa with kms-key-arn, and check the key's own policy.",
  },
  {
    pattern: /AssumeRoleWithWebIdentity|WebIdentity|InvalidIdentityToken/i,
    code: "DEPLOY_ROLE_NOT_ASSUMED",
    cause: "The pod cannot assume its role: the trust policy does not fit the service account.",
    remedy: "Run ensure-irsa with this namespace and service account; compare the role's trust policy.",
  },
  {
    pattern: /Unable to locate credentials|NoCredential|no EC2 IMDS role|could not find credentials/i,
    code: "DEPLOY_NO_CREDENTIALS",
    cause: "The pod has no AWS credentials.",
    remedy:
      "Check that the service account carries eks.amazonaws.com/role-arn (or has a Pod Identity association), and was there before the pod.",
  },
  {
    pattern: /AccessDenied|Access Denied|403|Forbidden|not authorized/i,
    code: "DEPLOY_CHECKPOINT_DENIED",
    cause: "The pods' role may not read the checkpoint.",
    remedy: "Run ensure-irsa: the policy must cover the bucket and its KMS key.",
  },
  {
    pattern: /NoSuchBucket|bucket does not exist/i,
    code: "DEPLOY_CHECKPOINT_MISSING",
    cause: "The checkpoint's bucket does not exist.",
    remedy: "Correct models.<key>.model (prefix or checkpoints.bucket in the spec).",
  },
  {
    pattern:
      /no (checkpoint )?files|nothing (to|was) (sync|download)|\b0 (checkpoint )?files|no objects|NoSuchKey|(prefix|path|key)\b.*(not found|empty)/i,
    code: "DEPLOY_CHECKPOINT_EMPTY",
    cause:
      "The downloader finds no checkpoint files at the prefix: it is misspelled or empty, or holds the .tar or a nested folder instead of the extracted files.",
    remedy:
      "List it (aws s3 ls <prefix>/) and run sync-checkpoints; compare models.<key>.model with its output prefixes.",
  },
  {
    pattern: /No space left|ENOSPC|disk full/i,
    code: "DEPLOY_DISK_FULL",
    cause: "The node's disk is too small for the checkpoint.",
    remedy: "Give the nodes larger (or local NVMe) disks for pods' volumes.",
  },
];

function reasonOf(lines: readonly string[], reason: string): Omit<Cause, "pattern"> & { readonly line?: string } {
  if (reason === "OOMKilled")
    return {
      code: "DEPLOY_OOM",
      cause: "The kernel ended the downloader: it took more memory than its limit.",
      remedy: "Raise the init container's memory limit in the values.",
    };
  for (const { pattern, ...found } of causes) {
    const line = lines.findLast((text) => pattern.test(text));
    if (line !== undefined) return { ...found, line };
  }
  return {
    code: "DEPLOY_DOWNLOAD_FAILED",
    cause: "The init container ends with an error.",
    remedy: "Read its log.",
  };
}

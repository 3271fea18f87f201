import type { Deployment, KubeObject } from "../../cluster/objects.ts";
import { redact } from "../redact.ts";
import { eventsAbout, newestReplicaSet, type Snapshot, timesOf } from "../snapshot.ts";
import { backOff, type Diagnosis, type DiagnosisScope, named, patience } from "./diagnosis.ts";

/** Pods that are refused before they exist: there is only the ReplicaSet's event and condition to look at. */
export function admission(snapshot: Snapshot, scope: DiagnosisScope): readonly Diagnosis[] {
  return scope.deployments.flatMap((name) => {
    const deployment = snapshot.deployments.find((item) => item.metadata.name === name);
    if (deployment?.spec.paused) return [paused(deployment, snapshot)];
    const set = deployment && newestReplicaSet(snapshot, deployment);
    if (!deployment || !set || (set.status?.replicas ?? 0) >= (set.spec.replicas ?? 0)) return [];
    const condition = [...(set.status?.conditions ?? []), ...(deployment.status?.conditions ?? [])].find(
      (item) => item.type === "ReplicaFailure" && item.status === "True",
    );
    const event = eventsAbout(snapshot, set).findLast((item) => item.reason === "FailedCreate");
    const said = condition?.message ?? event?.message;
    if (!said) return [];
    const attempts = { last: timesOf(event), within: backOff.controller };
    return [
      { object: named(deployment, "Deployment"), evidence: redact(said), attempts, ...refusalOf(said, snapshot) },
    ];
  });
}

/** Its controller makes no new pods until someone resumes it. */
function paused(deployment: Deployment, { namespace }: Snapshot): Diagnosis {
  const { name } = deployment.metadata;
  return {
    object: named(deployment, "Deployment"),
    code: "DEPLOY_PAUSED",
    cause: "Someone has paused the Deployment: no new pods are made.",
    evidence: "spec.paused is true",
    remedy: `kubectl rollout resume deployment/${name} -n ${namespace}`,
    patience: patience.usual,
  };
}

type Found = Pick<Diagnosis, "code" | "cause" | "remedy" | "patience">;

/** What a refusal of the API server means; helm's error output is read by the same rules. */
export function refusalOf(said: string, { namespace }: Pick<Snapshot, "namespace">): Found {
  if (
    /no endpoints available for service|failed calling webhook.*(connection refused|context deadline|timeout|no such host|x509|no route)/s.test(
      said,
    )
  ) {
    const balancer = /aws-load-balancer-webhook|elbv2/.test(said);
    return {
      code: "DEPLOY_WEBHOOK_DOWN",
      cause: balancer
        ? "The AWS Load Balancer Controller has no ready pods, so its webhook refuses every Service and Ingress."
        : /x509/.test(said)
          ? "The API server does not trust an admission webhook's certificate, so it refuses the objects."
          : "An admission webhook has no ready pods, so it refuses the objects.",
      remedy: balancer
        ? "Check it: kubectl get pods -n kube-system -l app.kubernetes.io/name=aws-load-balancer-controller; make sure there are schedulable nodes; then run again."
        : "Mend the webhook that the message names, then run again: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
      patience: patience.usual,
    };
  }
  if (/exceeded quota/.test(said))
    return {
      code: "DEPLOY_QUOTA",
      cause: "A ResourceQuota of the namespace does not allow the pod.",
      remedy: `Raise it, or free what others use: kubectl describe quota -n ${namespace}`,
      patience: patience.usual,
    };
  if (/violates PodSecurity/.test(said))
    return {
      code: "DEPLOY_POD_SECURITY",
      cause: "The namespace's Pod Security level does not allow the pod.",
      remedy:
        "Set podSecurityContext and securityContext in the values as the level wants, or lower the namespace's pod-security.kubernetes.io/enforce.",
      patience: patience.usual,
    };
  if (/is being terminated|NamespaceTerminating/.test(said))
    return {
      code: "DEPLOY_NAMESPACE_TERMINATING",
      cause: `The namespace ${namespace} is being deleted.`,
      remedy: `Wait until it is gone: kubectl get namespace ${namespace} -o jsonpath='{.status.conditions}'`,
      patience: patience.none,
    };
  if (/serviceaccount "?([^"\s]+)"? not found|error looking up service account/i.test(said))
    return {
      code: "DEPLOY_SERVICE_ACCOUNT",
      cause: "The pods' service account is not there.",
      remedy: "Set serviceAccount.create: true in the values, or create the one that they name.",
      patience: patience.usual,
    };
  return {
    code: "DEPLOY_ADMISSION_DENIED",
    cause: "The cluster's admission control refuses the pod.",
    remedy: "Change what the message names, or the policy that refuses it.",
    patience: patience.usual,
  };
}

/** What helm's words mean, when they are a refusal that has a name of its own. */
export function refusedByAdmission(said: string, namespace: string, release: KubeObject): Diagnosis | undefined {
  if (!/webhook|exceeded quota|violates PodSecurity|being terminated|denied request|admission/i.test(said))
    return undefined;
  return { object: named(release, "Release"), evidence: redact(said), ...refusalOf(said, { namespace }) };
}

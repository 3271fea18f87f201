import type { Ingress } from "../../cluster/objects.ts";
import { addressOf } from "../health.ts";
import { redact } from "../redact.ts";
import { eventsAbout, type Snapshot } from "../snapshot.ts";
import { type Diagnosis, type DiagnosisScope, named, patience } from "./diagnosis.ts";

/** Ingresses for which the load balancer controller makes no load balancer, in its own words. */
export function ingress(snapshot: Snapshot, scope: DiagnosisScope): readonly Diagnosis[] {
  return scope.ingresses.flatMap((name) => {
    const object = snapshot.ingresses.find((item) => item.metadata.name === name);
    if (!object) return [];
    const event = eventsAbout(snapshot, object).findLast(
      (item) => item.type === "Warning" || /^Failed/.test(item.reason ?? ""),
    );
    const settled = eventsAbout(snapshot, object).at(-1)?.reason === "SuccessfullyReconciled";
    if (event && !settled)
      return [
        {
          object: named(object, "Ingress"),
          evidence: redact(event.message ?? ""),
          ...reasonOf(event.message ?? "", object),
        },
      ];
    if (addressOf(object) !== undefined) return [];
    return snapshot.surroundings.controllerReady === false ? [noController(object)] : [];
  });
}

type Found = Pick<Diagnosis, "code" | "cause" | "remedy" | "patience">;

const schemeAnnotation = "alb.ingress.kubernetes.io/scheme";

function reasonOf(said: string, object: Ingress): Found {
  const scheme = object.metadata.annotations?.[schemeAnnotation] ?? "internal";
  const tag = scheme === "internet-facing" ? "kubernetes.io/role/elb" : "kubernetes.io/role/internal-elb";
  // First: what was refused may be about subnets or certificates.
  if (/AccessDenied|not authorized|UnauthorizedOperation/i.test(said))
    return {
      code: "DEPLOY_INGRESS_DENIED",
      cause: "The load balancer controller's role lacks a right.",
      remedy: "Update the controller's IAM policy to the one of its version.",
      patience: patience.usual,
    };
  if (/\bTooMany\w+|LimitExceeded/i.test(said))
    return {
      code: "DEPLOY_INGRESS_FAILED",
      cause: "A quota of the account for load balancers is used up.",
      remedy:
        "Raise it, or share one load balancer (group-name): aws service-quotas list-service-quotas --service-code elasticloadbalancing",
      patience: patience.usual,
    };
  if (/dial tcp|no such host|i\/o timeout|RequestTimeout/i.test(said))
    return {
      code: "DEPLOY_INGRESS_FAILED",
      cause: "The load balancer controller does not reach AWS.",
      remedy:
        "Check its way to AWS: NAT, or interface endpoints of elasticloadbalancing, ec2 and sts; and the cluster's DNS.",
      patience: patience.long,
    };
  if (/CreateTargetGroupInput\.Port/.test(said))
    return {
      code: "DEPLOY_INGRESS_FAILED",
      cause: "The Service has no node port, which the Ingress asks for.",
      remedy: "Set alb.ingress.kubernetes.io/target-type: ip, as the guide does.",
      patience: patience.usual,
    };
  if (/subnet/i.test(said))
    return {
      code: "DEPLOY_INGRESS_SUBNETS",
      cause: `The load balancer controller finds no subnets for an ${scheme} load balancer.`,
      remedy: `Tag at least two subnets in different zones with ${tag}=1.`,
      patience: patience.usual,
    };
  if (/certificate/i.test(said))
    return {
      code: "DEPLOY_INGRESS_CERTIFICATE",
      cause: "The load balancer controller cannot use the certificate.",
      remedy:
        "Check certificate-arn: it must be ISSUED, in this region, and cover the hosts of every Ingress in the group.",
      patience: patience.usual,
    };
  if (/conflict/i.test(said))
    return {
      code: "DEPLOY_INGRESS_CONFLICT",
      cause: "Ingresses of the load balancer's group contradict each other; one of them stops the whole group.",
      remedy: "Give all Ingresses of the group the same settings, or use another group-name: kubectl get ingress -A",
      patience: patience.usual,
    };
  return {
    code: "DEPLOY_INGRESS_FAILED",
    cause: "The load balancer controller cannot reconcile the Ingress.",
    remedy: "Read its words above, and its log: kubectl logs -n kube-system deploy/aws-load-balancer-controller",
    patience: patience.long,
  };
}

function noController(object: Ingress): Diagnosis {
  return {
    object: named(object, "Ingress"),
    code: "DEPLOY_INGRESS_NO_CONTROLLER",
    cause: "The AWS Load Balancer Controller has no ready pods: no load balancer is made.",
    evidence: "no ready pod with app.kubernetes.io/name=aws-load-balancer-controller",
    remedy: "kubectl get pods -n kube-system -l app.kubernetes.io/name=aws-load-balancer-controller",
    patience: patience.usual,
  };
}

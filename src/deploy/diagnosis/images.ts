import { redact } from "../redact.ts";
import { eventsAbout, type Snapshot, timesOf } from "../snapshot.ts";
import { backOff, type Diagnosis, type DiagnosisScope, named, patience } from "./diagnosis.ts";
import { containersOf, currentPods } from "./pods.ts";

const waiting =
  /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable|ImageInspectError|SignatureValidationFailed)$/;

const neverTried = /^(InvalidImageName|ErrImageNeverPull)$/;

/** Images that the nodes cannot pull. */
export function images(snapshot: Snapshot, scope: DiagnosisScope): readonly Diagnosis[] {
  return currentPods(snapshot, scope).flatMap(({ pod }) =>
    containersOf(pod)
      .filter(({ status }) => waiting.test(status.state?.waiting?.reason ?? ""))
      .slice(0, 1)
      .map(({ container, status }) => {
        const { reason = "", message = "" } = status.state?.waiting ?? {};
        const failures = eventsAbout(snapshot, pod).filter((item) => item.reason === "Failed");
        const event = failures.findLast((item) => /pull/i.test(item.message ?? ""));
        const attempt = failures.findLast((item) => /^Failed to pull/.test(item.message ?? ""));
        const said = [message, event?.message ?? ""].find((text) => text.length > 40) ?? message ?? reason;
        return {
          object: named(pod, "Pod"),
          evidence: redact(said || reason),
          ...reasonOf(`${reason} ${message} ${event?.message ?? ""}`, container.image ?? ""),
          ...(neverTried.test(reason) ? {} : { attempts: { last: timesOf(attempt), within: backOff.kubelet } }),
        };
      }),
  );
}

type Found = Pick<Diagnosis, "code" | "cause" | "remedy" | "patience">;

/** What a node says that has other processors than the image was built for. */
export function wrongPlatform(image: string): Found {
  return {
    code: "DEPLOY_IMAGE_PLATFORM",
    cause: `${image} is not built for the node's processors.`,
    remedy:
      "Run it on nodes of the right architecture (kubernetes.io/arch; the GPU nodes of the guide are amd64): set a nodeSelector in the values.",
    patience: patience.usual,
  };
}

function reasonOf(said: string, image: string): Found {
  if (/InvalidImageName/.test(said))
    return {
      code: "DEPLOY_IMAGE_NAME",
      cause: `${image} is no image reference.`,
      remedy: "Correct image.registry in the values: the registry's host, with prefix, without scheme.",
      patience: patience.none,
    };
  if (/no match for platform|no matching manifest|does not match the specified platform/i.test(said))
    return wrongPlatform(image);
  if (/toomanyrequests|429|rate (limit )?exceeded|pull QPS/i.test(said))
    return {
      code: "DEPLOY_IMAGE_PULL",
      cause: `The registry of ${image} takes no more requests for the moment (rate limit).`,
      remedy: "It is tried again by itself; pull from ECR rather than from a public registry: image.registry.",
      patience: patience.long,
    };
  if (/not found|manifest unknown|name unknown|NotFound|does not exist(?! or may require authorization)/i.test(said))
    return {
      code: "DEPLOY_IMAGE_NOT_FOUND",
      cause: `${image} is not in the registry.`,
      remedy:
        "Push the bundle's images (push-images), and check that image.registry is the registry they were pushed to.",
      patience: patience.usual,
    };
  if (/401|403|denied|unauthorized|forbidden|no basic auth|authorization token/i.test(said))
    return {
      code: "DEPLOY_IMAGE_DENIED",
      cause: `The nodes may not pull ${image}.`,
      remedy:
        "Give the node group's instance role the policy AmazonEC2ContainerRegistryReadOnly; for another account's repository a repository policy (pull-accounts).",
      patience: patience.usual,
    };
  if (/no space left/i.test(said))
    return {
      code: "DEPLOY_DISK_FULL",
      cause: "The node's disk is full while it pulls the image.",
      remedy: "Give the nodes larger disks, or let the kubelet clean up unused images.",
      patience: patience.usual,
    };
  return {
    code: "DEPLOY_IMAGE_PULL",
    cause: `${image} cannot be pulled.`,
    remedy:
      "Check the nodes' way to the registry: NAT, or the ECR interface endpoints (ecr.api, ecr.dkr) and S3 gateway.",
    patience: patience.long,
  };
}

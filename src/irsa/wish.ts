import type { Aws } from "../aws/session.ts";
import type { Place, Reach } from "./identity.ts";
import { missing } from "./refusals.ts";
import type { Way } from "./way.ts";

/** The inputs that say how pods get credentials, under the names that users write. */
export interface IdentityInputs {
  readonly mode: "irsa" | "pod-identity" | "existing" | "static-secret";
  readonly cluster: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly bucket: string | undefined;
  readonly scope: "bucket" | "prefixes";
  readonly prefixes: Readonly<Record<string, string>>;
  readonly kmsKeyArn: string;
  readonly roleArn: string | undefined;
  readonly roleName: string;
  readonly policyName: string;
  readonly path: string;
  readonly permissionsBoundary: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly adopt: boolean;
  readonly createOidcProvider: boolean;
  readonly s3Secret: string;
  readonly only: readonly string[];
}

/** The way that the inputs ask for; what its mode needs and lacks is `IRSA_INPUT_MISSING`. `aws` is absent with static keys, which need none. */
export function wayOf(inputs: IdentityInputs, aws: Aws | undefined): Way {
  if (inputs.mode === "static-secret" || !aws) return { kind: "static", secretName: inputs.s3Secret };
  const place: Place = {
    account: aws.account,
    partition: aws.partition,
    region: aws.region,
    dnsSuffix: aws.dnsSuffix,
  };
  const { mode, namespace, serviceAccount, kubeconfig, context, roleArn } = inputs;
  const reach = inputs.bucket === undefined ? undefined : reachOf(inputs, inputs.bucket);
  if (mode === "existing") {
    if (!roleArn && !inputs.cluster && !kubeconfig && !context)
      throw missing(
        "role-arn or cluster",
        mode,
        `arn:${place.partition}:iam::${place.account}:role/inference-pod-role`,
      );
    const access = { cluster: inputs.cluster, kubeconfig, context };
    const cluster = inputs.cluster ?? "";
    return { kind: "foreign", foreign: { cluster, namespace, serviceAccount, place, access, roleArn, reach } };
  }
  if (!inputs.cluster) throw missing("cluster", mode, "poolside-prod");
  if (!reach) throw missing("bucket", mode, "acme-models-dev");
  return {
    kind: "own",
    identity: {
      mode,
      place,
      cluster: inputs.cluster,
      namespace,
      serviceAccount,
      reach,
      roleName: inputs.roleName,
      policyName: inputs.policyName,
      path: inputs.path,
      boundary: inputs.permissionsBoundary,
      tags: inputs.tags,
      adopt: inputs.adopt,
      createProvider: inputs.createOidcProvider,
    },
  };
}

function reachOf({ scope, prefixes, only, kmsKeyArn }: IdentityInputs, bucket: string): Reach {
  return { bucket, scope, prefixes, partial: only.length > 0, key: kmsKeyArn };
}

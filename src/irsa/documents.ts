import { UserError } from "../errors.ts";
import { issuerHost, type Place, providerArnOf, type Subject } from "./identity.ts";

/** A statement as IAM's policy language has it. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: Readonly<Record<string, string>>;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** What a policy grants. */
export interface Grant {
  readonly partition: string;
  readonly bucket: string;
  /** Folders of the bucket (`checkpoints/point/`); absent: the whole bucket. */
  readonly folders: readonly string[] | undefined;
  /** Key of an SSE-KMS bucket. */
  readonly keyArn: string | undefined;
}

/** Audience of the tokens that EKS projects into pods, in every partition. */
export const audience = "sts.amazonaws.com";
export const podIdentityService = "pods.eks.amazonaws.com";

/** The guide's `inference-pod-policy.json`: read-only access to the bucket (or folders of it), decrypt access to its key, and nothing else. */
export function policyDocument({ partition, bucket, folders, keyArn }: Grant): PolicyDocument {
  const arn = `arn:${partition}:s3:::${bucket}`;
  const listed = folders?.flatMap((folder) => [verbatim(folder.replace(/\/$/, "")), `${verbatim(folder)}*`]);
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "S3ListBucket",
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: arn,
        ...(listed ? { Condition: { StringLike: { "s3:prefix": listed } } } : {}),
      },
      {
        Sid: "S3ReadObjects",
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:GetObjectTagging"],
        Resource: folders ? folders.map((folder) => `${arn}/${verbatim(folder)}*`) : `${arn}/*`,
      },
      { Sid: "S3GetBucketLocation", Effect: "Allow", Action: ["s3:GetBucketLocation"], Resource: "*" },
      ...(keyArn
        ? [
            {
              Sid: "KMSDecryptForS3",
              Effect: "Allow" as const,
              Action: ["kms:Decrypt", "kms:DescribeKey"],
              Resource: keyArn,
            },
          ]
        : []),
    ],
  };
}

/** The guide's `inference-pod-trust.json`: the cluster's issuer, for exactly this service account. */
export function webIdentityTrust(subject: Subject, issuer: string, place: Place): PolicyDocument {
  const host = issuerHost(issuer);
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: providerArnOf(place, issuer) },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: { StringEquals: { [`${host}:aud`]: audience, [`${host}:sub`]: subjectClaim(subject) } },
      },
    ],
  };
}

/** Trust of EKS Pod Identity, for exactly this service account of this cluster (session tags stay on, so that the conditions hold). */
export function podIdentityTrust(subject: Subject): PolicyDocument {
  subjectClaim(subject);
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: podIdentityService },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: { StringEquals: podIdentityTags(subject) },
      },
    ],
  };
}

/** Session tags with which EKS assumes the role, as condition keys. */
export function podIdentityTags(subject: Subject): Readonly<Record<string, string>> {
  return {
    "aws:RequestTag/eks-cluster-name": subject.cluster,
    "aws:RequestTag/kubernetes-namespace": subject.namespace,
    "aws:RequestTag/kubernetes-service-account": subject.serviceAccount,
  };
}

/** The `sub` of the service account's tokens. Names that would not be taken letter for letter are `IRSA_SUBJECT`. */
export function subjectClaim({ namespace, serviceAccount }: Subject): string {
  for (const [what, name] of [
    ["namespace", namespace],
    ["service-account", serviceAccount],
  ] as const) {
    if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name))
      throw new UserError("IRSA_SUBJECT", {
        happened: `"${name}" is no ${what}: a trust policy is written for one exact name only.`,
        next: `Give ${what} as Kubernetes has it: lower-case letters, digits and "-".`,
      });
  }
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}

/** Text that IAM takes letter for letter: `*`, `?` and `$` have meanings in patterns. */
function verbatim(text: string): string {
  return text.replace(/[*?$]/g, "${$&}");
}

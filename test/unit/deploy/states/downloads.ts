import { crashing, type State } from "./shapes.ts";

/** Init containers that end with an error. */
export const downloads: readonly State[] = [
  [
    "S3 denies the checkpoint",
    crashing(["ERROR An error occurred (AccessDenied) when calling the GetObject operation: Access Denied"]),
    "DEPLOY_CHECKPOINT_DENIED",
  ],
  [
    "KMS denies the key",
    crashing(["AccessDenied: User is not authorized to perform: kms:Decrypt on this resource"]),
    "DEPLOY_CHECKPOINT_KEY_DENIED",
  ],
  [
    "STS is not reached, whatever for",
    crashing([
      "operation error STS: AssumeRoleWithWebIdentity, request send failed, Post https://sts.us-east-2.amazonaws.com/: dial tcp: lookup sts.us-east-2.amazonaws.com: i/o timeout",
    ]),
    "DEPLOY_DOWNLOAD_FAILED",
  ],
  [
    "STS refuses the service account",
    crashing(["AccessDenied when calling the AssumeRoleWithWebIdentity operation: Not authorized"]),
    "DEPLOY_ROLE_NOT_ASSUMED",
  ],
  [
    "the pod has no credentials",
    crashing(["botocore.exceptions.NoCredentialsError: Unable to locate credentials"]),
    "DEPLOY_NO_CREDENTIALS",
  ],
  [
    "the bucket does not exist",
    crashing(["NoSuchBucket: The specified bucket does not exist"]),
    "DEPLOY_CHECKPOINT_MISSING",
  ],
  [
    "the prefix is empty",
    crashing(["INFO 0 objects", "ERROR model-downloader: no checkpoint files synced from s3://a/b"]),
    "DEPLOY_CHECKPOINT_EMPTY",
  ],
  ["the disk is full while downloading", crashing(["OSError: [Errno 28] No space left on device"]), "DEPLOY_DISK_FULL"],
  ["the downloader is out of memory", crashing([], { exitCode: 137, reason: "OOMKilled" }), "DEPLOY_OOM"],
  ["the downloader ends without a reason", crashing(["something went wrong"]), "DEPLOY_DOWNLOAD_FAILED"],
  ["the downloader says nothing at all", crashing([]), "DEPLOY_DOWNLOAD_FAILED"],
  [
    "the downloader is of another architecture",
    crashing(["exec /usr/local/bin/model-downloader: exec format error"]),
    "DEPLOY_IMAGE_PLATFORM",
  ],
  [
    "the pod asks with its node's role",
    crashing([
      "fatal error: An error occurred (AccessDenied) when calling the ListObjectsV2 operation: User: arn:aws:sts::210987654321:assumed-role/gpu-nodes/i-0a1b2c3d4e5f60718 is not authorized to perform: s3:ListBucket on resource: arn:aws:s3:::acme-models-dev",
    ]),
    "DEPLOY_NO_CREDENTIALS",
  ],
  [
    "there is no OIDC provider",
    crashing([
      "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: No OpenIDConnect provider found in your account for https://oidc.eks.us-east-2.amazonaws.com/id/AB",
    ]),
    "DEPLOY_ROLE_NOT_ASSUMED",
  ],
  [
    "an endpoint's policy denies",
    crashing([
      "AccessDenied: User: arn:aws:sts::210987654321:assumed-role/inference-pod-role/botocore is not authorized to perform: s3:GetObject because no VPC endpoint policy allows the s3:GetObject action",
    ]),
    "DEPLOY_CHECKPOINT_DENIED",
  ],
];

import type { Cluster } from "../aws/eks/state.ts";
import { roleMay } from "../aws/iam/authority.ts";
import type { IamState, Role } from "../aws/iam/state.ts";
import { contextOf } from "../aws/policy/evaluate.ts";
import type { Principals } from "../aws/principals.ts";
import { AwsError } from "../aws/service.ts";
import { trusts } from "../aws/sts/trust.ts";
import { type Issuers, judgeToken } from "../aws/sts/web-identity.ts";
import type { DownloadAnswer, DownloadRequest } from "../kubernetes/controllers/downloader.ts";
import type { Bucket } from "../s3/bucket.ts";
import type { S3State } from "../s3/state.ts";

export interface DownloadsOptions {
  readonly iam: IamState;
  readonly principals: Principals;
  readonly issuers: Issuers;
  readonly cluster: () => Cluster;
  readonly s3: S3State;
  readonly now: () => number;
  /** Milliseconds until a Pod Identity association counts. */
  readonly associationDelay: () => number;
}

/** Who a pod is for S3: a role whose policies decide, or a user, who may do everything in the account. */
type Identity = { readonly role: Role } | { readonly account: string };

/** What the downloader of a pod gets from S3, as the pod's identity may: IRSA, static keys or Pod Identity. */
export function downloads(options: DownloadsOptions): (request: DownloadRequest) => DownloadAnswer {
  return (request) => {
    try {
      return { kind: "objects", objects: list(options, identityOf(options, request), request.prefix) };
    } catch (thrown) {
      if (thrown instanceof Refused) return { kind: "refused", message: thrown.message };
      throw thrown;
    }
  };
}

/** An error as a client prints it. */
class Refused extends Error {
  constructor(code: string, call: string, text: string) {
    super(`An error occurred (${code}) when calling the ${call} operation: ${text}`);
  }
}

function identityOf(options: DownloadsOptions, request: DownloadRequest): Identity {
  const { principals } = options;
  if (request.accessKey) {
    const credential = principals.find(request.accessKey.id);
    const text = "The AWS Access Key Id you provided does not exist in our records.";
    if (!credential) throw new Refused("InvalidAccessKeyId", "ListObjectsV2", text);
    if (credential.secretAccessKey !== request.accessKey.secret)
      throw new Refused(
        "SignatureDoesNotMatch",
        "ListObjectsV2",
        "The request signature we calculated does not match.",
      );
    return { account: credential.caller.account };
  }
  if (request.roleArn !== undefined) return { role: assume(options, request, request.roleArn) };
  const role = associated(options, request);
  if (role) return { role };
  throw new Refused("NoCredentials", "ListObjectsV2", "Unable to locate credentials");
}

/** The token that the kubelet projects into the pod, given to STS. */
function assume({ iam, issuers, cluster, now }: DownloadsOptions, request: DownloadRequest, roleArn: string): Role {
  const seconds = Math.floor(now() / 1000);
  const token = cluster().issuer.mint({
    aud: ["sts.amazonaws.com"],
    sub: `system:serviceaccount:${request.namespace}:${request.serviceAccount}`,
    iat: seconds,
    nbf: seconds,
    exp: seconds + 86_400,
  });
  try {
    return judgeToken(iam, issuers, token, roleArn).role;
  } catch (thrown) {
    if (!(thrown instanceof AwsError)) throw thrown;
    throw new Refused(thrown.code, "AssumeRoleWithWebIdentity", thrown.message);
  }
}

/** The role of the pod's association, when the agent runs, the association counts and the role trusts the service. */
function associated(options: DownloadsOptions, request: DownloadRequest): Role | undefined {
  const cluster = options.cluster();
  const found = [...cluster.associations.values()].find(
    ({ namespace, serviceAccount }) => namespace === request.namespace && serviceAccount === request.serviceAccount,
  );
  const agent = cluster.autoMode || cluster.addons.get("eks-pod-identity-agent")?.status === "ACTIVE";
  if (!found || !agent || found.createdAt + options.associationDelay() > options.now()) return undefined;
  const role = options.iam.assumableRole(found.roleArn);
  const service = { kind: "Service", name: "pods.eks.amazonaws.com" } as const;
  const tags = found.disableSessionTags
    ? {}
    : {
        "aws:RequestTag/kubernetes-namespace": request.namespace,
        "aws:RequestTag/kubernetes-service-account": request.serviceAccount,
        "aws:RequestTag/eks-cluster-name": cluster.name,
      };
  const trusted = role && ["sts:AssumeRole", "sts:TagSession"].every((action) => trusts(role, service, action, tags));
  return trusted ? role : undefined;
}

function list({ iam, s3 }: DownloadsOptions, identity: Identity, prefix: string) {
  const [, name = "", path = ""] = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(prefix) ?? [];
  const bucket = s3.buckets.get(name);
  if (!bucket) throw new Refused("NoSuchBucket", "ListObjectsV2", "The specified bucket does not exist");
  const base = path === "" || path.endsWith("/") ? path : `${path}/`;
  need(iam, identity, bucket, "ListObjectsV2", "s3:ListBucket", bucket.arn, { "s3:prefix": base });
  const objects = s3.list(name, base);
  for (const { key, encryption } of objects) {
    need(iam, identity, bucket, "GetObject", "s3:GetObject", `${bucket.arn}/${key}`, {});
    const via = { "kms:ViaService": `s3.${bucket.region}.amazonaws.com` };
    if (encryption.keyArn) need(iam, identity, bucket, "GetObject", "kms:Decrypt", encryption.keyArn, via);
  }
  return objects.map(({ key, content }) => ({ key, size: content.size }));
}

function need(
  iam: IamState,
  identity: Identity,
  bucket: Bucket,
  call: string,
  action: string,
  arn: string,
  context: Readonly<Record<string, string>>,
): void {
  const values = contextOf({ "aws:ResourceAccount": bucket.owner, ...context });
  if ("account" in identity) {
    if (identity.account !== bucket.owner) throw new Refused("AccessDenied", call, "Access Denied");
    return;
  }
  const { role } = identity;
  if (roleMay(iam, role.arn, action, arn, values).decision === "allowed") return;
  const who = `arn:${iam.partition}:sts::${role.account}:assumed-role/${role.name}/botocore-session`;
  const why = `because no identity-based policy allows the ${action} action`;
  throw new Refused(
    "AccessDenied",
    call,
    `User: ${who} is not authorized to perform: ${action} on resource: "${arn}" ${why}`,
  );
}

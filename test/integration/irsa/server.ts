import { createEks } from "../../../sandbox/aws/eks/service.ts";
import { type Cluster, EksState } from "../../../sandbox/aws/eks/state.ts";
import { awsEndpoint } from "../../../sandbox/aws/endpoint.ts";
import { createIam } from "../../../sandbox/aws/iam/service.ts";
import { IamState, type ManagedPolicy, type Role } from "../../../sandbox/aws/iam/state.ts";
import { createKms, KmsState } from "../../../sandbox/aws/kms.ts";
import { readPolicy } from "../../../sandbox/aws/policy/document.ts";
import { Principals } from "../../../sandbox/aws/principals.ts";
import { createSts } from "../../../sandbox/aws/sts/service.ts";
import { Faults } from "../../../sandbox/faults.ts";
import { Issuer } from "../../../sandbox/github/jwt.ts";
import { listen } from "../../../sandbox/http.ts";
import { RequestLog } from "../../../sandbox/requests.ts";
import { createS3 } from "../../../sandbox/s3/service.ts";
import { S3State } from "../../../sandbox/s3/state.ts";
import type { Ground } from "../../../sandbox/service.ts";
import { runAction } from "../../../src/action/run.ts";
import { ensureIrsa } from "../../../src/actions/ensure-irsa/index.ts";
import { fakeClock, testContext } from "../../support/context.ts";
import { type TestRunner, testRunner } from "../../support/runner.ts";

export const account = "210987654321";
export const region = "us-east-2";
export const bucketName = "acme-models-dev";
export const clusterName = "poolside";
export const roleArn = `arn:aws:iam::${account}:role/inference-pod-role`;
export const policyArn = `arn:aws:iam::${account}:policy/inference-pod-policy`;
export const owner = `${clusterName}/poolside-models/inference`;

/** One key pair for all tests: making it is slow. */
const issuer = new Issuer(`https://oidc.eks.${region}.amazonaws.com/id/5D1F0C0FFEE0C0FFEE0C0FFEE0C0FFEE`);
export const issuerHost = issuer.url.replace("https://", "");
export const providerArn = `arn:aws:iam::${account}:oidc-provider/${issuerHost}`;

/** IAM, STS, EKS, KMS and S3 of the sandbox, with a cluster and a bucket; time is the returned clock's. */
export async function startAws(partition = "aws", at = region) {
  const clock = fakeClock();
  const defects: unknown[] = [];
  const ground: Ground = {
    requests: new RequestLog(),
    faults: new Faults(),
    now: clock.now,
    pace: 0.01,
    onDefect: (error) => defects.push(error),
  };
  const principals = new Principals(partition);
  const user = principals.addUser(account, "deployer");
  const iam = new IamState({ account, partition, now: clock.now });
  const eks = new EksState(account, at, partition);
  const cluster: Cluster = eks.addCluster(
    { name: clusterName, endpoint: "https://127.0.0.1:1", authority: "-", issuer },
    clock.now(),
  );
  const kms = new KmsState(account, at, partition);
  const state = new S3State();
  const bucket = state.addBucket({ name: bucketName, region: at, owner: account, partition });
  const denied = new Set<string>();
  const endpoint = await listen(
    awsEndpoint(ground, {
      principals,
      regions: [at],
      now: () => Date.now(),
      clocks: () => [Date.now()],
      services: [
        createSts({ iam, principals, issuers: (url) => (url === issuer.url ? issuer : undefined) }),
        createIam(iam, (url) => url === issuer.url),
        createEks(eks, (arn) => podTrust(iam, arn), clock.now),
        createKms(kms),
        createS3(ground, { state }),
      ],
      authorise: (credential, operation) => {
        const action = operation.iam.find((each) => denied.has(each));
        if (action === undefined) return undefined;
        return { why: "denied", explicit: false, arn: credential.caller.arn, action, resource: "*" };
      },
    }),
    ground.onDefect,
  );
  const saved = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  Object.assign(process.env, {
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_ACCESS_KEY_ID: user.caller.accessKeyId,
    AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
  });
  return {
    ground,
    clock,
    iam,
    eks,
    cluster,
    kms,
    bucket,
    defects,
    /** IAM actions that are refused. */
    denied,
    /** Runs the action as a job does; `inputs` over the usual ones. */
    async run(inputs: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<TestRunner> {
      const context = testContext({ clock, ambient: { region: at }, ...(signal ? { signal } : {}) });
      const runner = testRunner({ cluster: clusterName, bucket: bucketName, ...inputs }, context);
      await runAction(ensureIrsa, runner);
      return runner;
    },
    addProvider(clients: readonly string[] = ["sts.amazonaws.com"]): void {
      const arn = iam.arn("oidc-provider", issuerHost);
      iam.putProvider({ arn, url: issuerHost, clients, thumbprints: [], tags: new Map(), createdAt: clock.now() }, arn);
    },
    addRole(over: Partial<Role> = {}): Role {
      const name = over.name ?? "inference-pod-role";
      const role: Role = {
        name,
        path: "/",
        arn: iam.arn("role", `${(over.path ?? "/").slice(1)}${name}`),
        id: iam.newId("AROA", name),
        account,
        trust:
          '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}',
        description: undefined,
        maxSessionSeconds: 3600,
        boundary: undefined,
        tags: new Map(),
        inline: new Map(),
        attached: [],
        createdAt: clock.now(),
        ...over,
      };
      iam.putRole(role, name);
      return role;
    },
    addPolicy(name: string, documents: readonly string[], over: Partial<ManagedPolicy> = {}): ManagedPolicy {
      const arn = iam.arn("policy", `${over.path?.slice(1) ?? ""}${name}`);
      const policy: ManagedPolicy = {
        name,
        path: "/",
        arn,
        id: iam.newId("ANPA", name),
        description: undefined,
        tags: new Map(),
        versions: documents.map((document, index) => ({ id: `v${index + 1}`, document, createdAt: clock.now() })),
        defaultVersion: `v${documents.length}`,
        lastVersion: documents.length,
        createdAt: clock.now(),
        updatedAt: clock.now(),
        ...over,
      };
      iam.putPolicy(policy, arn);
      return policy;
    },
    async close(): Promise<void> {
      process.env = saved;
      await endpoint.close();
    },
  };
}

export type AwsServer = Awaited<ReturnType<typeof startAws>>;

/** What EKS asks IAM about a role before it makes an association. */
function podTrust(iam: IamState, arn: string): "absent" | "untrusting" | "trusting" {
  const role = iam.allRoles().find((each) => each.arn === arn);
  if (!role) return "absent";
  const actions = readPolicy(role.trust, "trust")
    .filter((statement) => statement.principals["Service"]?.includes("pods.eks.amazonaws.com"))
    .flatMap((statement) => statement.actions);
  return ["sts:AssumeRole", "sts:TagSession"].every((action) => actions.includes(action)) ? "trusting" : "untrusting";
}

/** Writes to IAM and EKS since `mark`, by name. */
export function writesSince(server: AwsServer, mark = 0): readonly string[] {
  return server.ground.requests.writes(mark).map((request) => request.name);
}

import { AcmState, createAcm } from "../aws/acm.ts";
import { createEc2, Ec2State } from "../aws/ec2.ts";
import { createEcr } from "../aws/ecr/service.ts";
import { createEks } from "../aws/eks/service.ts";
import { EksState } from "../aws/eks/state.ts";
import { createElb, ElbState } from "../aws/elb.ts";
import { awsEndpoint } from "../aws/endpoint.ts";
import { createIam } from "../aws/iam/service.ts";
import { type IamOptions, IamState } from "../aws/iam/state.ts";
import { createKms, KmsState } from "../aws/kms.ts";
import { wildcard } from "../aws/policy/conditions.ts";
import { readPolicy } from "../aws/policy/document.ts";
import { Principals } from "../aws/principals.ts";
import { createRoute53 } from "../aws/route53/service.ts";
import { Route53State } from "../aws/route53/state.ts";
import { createSecretsManager, createSsm, SecretsState } from "../aws/secrets.ts";
import { createSts } from "../aws/sts/service.ts";
import type { Issuers } from "../aws/sts/web-identity.ts";
import type { Handler } from "../http.ts";
import { type Registry, startRegistry } from "../registry/service.ts";
import { RegistryState } from "../registry/state.ts";
import { createS3 } from "../s3/service.ts";
import { S3State } from "../s3/state.ts";
import type { Ground } from "../service.ts";
import { Rights } from "./rights.ts";

/** How long Route 53 takes to bring a change to all its servers. */
const syncMilliseconds = 30_000;

export interface AwsOptions {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly issuers: Issuers;
  /** The times that a caller's clock may show. */
  readonly clocks: () => readonly number[];
  readonly propagation?: IamOptions["propagation"];
  /** Keep sizes and checksums of blobs and objects, no bytes. */
  readonly discard: boolean;
  /** What several accounts have in common. */
  readonly shared?: Pick<AwsStates, "principals" | "s3" | "accounts" | "registries">;
}

/** Everything of AWS in one account and region: what the services hold. Tests reach into it. */
export interface AwsStates {
  readonly principals: Principals;
  /** IAM of every account, by its ID. */
  readonly accounts: Map<string, IamState>;
  /** Registries of every account. */
  readonly registries: RegistryState[];
  readonly iam: IamState;
  readonly s3: S3State;
  readonly ecr: RegistryState;
  readonly eks: EksState;
  readonly acm: AcmState;
  readonly ec2: Ec2State;
  readonly elb: ElbState;
  readonly kms: KmsState;
  readonly secrets: SecretsState;
  readonly route53: Route53State;
}

/** The services over their states, behind one endpoint, and the registry. */
export async function startAws(
  ground: Ground,
  options: AwsOptions,
): Promise<{ readonly states: AwsStates; readonly handler: Handler; readonly registry: Registry }> {
  const { account, region, partition, issuers, clocks, discard, shared } = options;
  const principals = shared?.principals ?? new Principals(partition);
  const { now } = ground;
  const iam = new IamState({
    account,
    partition,
    now,
    ...(options.propagation ? { propagation: options.propagation } : {}),
  });
  const accounts = shared?.accounts ?? new Map<string, IamState>();
  accounts.set(account, iam);
  const registries = shared?.registries ?? [];
  const states: AwsStates = {
    principals,
    accounts,
    registries,
    iam,
    s3: shared?.s3 ?? new S3State(),
    ecr: new RegistryState({ account, region, partition, now, discard, neighbours: registries }),
    eks: new EksState(account, region, partition),
    acm: new AcmState(account, region, partition),
    ec2: new Ec2State(),
    elb: new ElbState(account, region, partition),
    kms: new KmsState(account, region, partition),
    secrets: new SecretsState(account, region, partition),
    route53: new Route53State(syncMilliseconds * ground.pace),
  };
  const repositoryPolicy = (arn: string) => states.ecr.repositories.get(arn.split(":repository/")[1] ?? "")?.policy;
  const rights = new Rights({ iam, accounts, principals, region, repositoryPolicy });
  const keys = (reference: string) => {
    const key = states.kms.find(reference);
    return key && { arn: key.arn, enabled: key.state === "Enabled" };
  };
  const registry = await startRegistry(ground, { state: states.ecr, authorise: rights.registry });
  const handler = awsEndpoint(ground, {
    principals,
    regions: [region],
    now,
    clocks,
    authorise: rights.call,
    services: [
      createSts({ iam, principals, issuers }),
      createIam(iam, (url) => issuers(url) !== undefined),
      createS3(ground, { state: states.s3, keys, authorise: rights.s3, discard }),
      createEcr(states.ecr, keys),
      createEks(states.eks, (arn) => podsTrust(iam, arn), now),
      createAcm(states.acm),
      createEc2(states.ec2, account, (subnet) => `arn:${partition}:ec2:${region}:${account}:subnet/${subnet}`),
      createElb(states.elb),
      createKms(states.kms),
      createSecretsManager(states.secrets),
      createSsm(states.secrets),
      createRoute53(states.route53, states.elb, partition, now),
    ],
  });
  return { states, handler, registry };
}

/** Whether a role lets the Pod Identity service assume and tag it. Conditions are about sessions yet to come, so they are not judged here. */
function podsTrust(iam: IamState, roleArn: string): "absent" | "untrusting" | "trusting" {
  const role = iam.allRoles().find(({ arn }) => arn === roleArn);
  if (!role) return "absent";
  const statements = readPolicy(role.trust, "trust").filter(
    ({ effect, principals }) => effect === "Allow" && principals["Service"]?.includes("pods.eks.amazonaws.com"),
  );
  const allowed = (action: string) =>
    statements.some(({ actions }) => actions.some((pattern) => wildcard(pattern, action, true)));
  return allowed("sts:AssumeRole") && allowed("sts:TagSession") ? "trusting" : "untrusting";
}

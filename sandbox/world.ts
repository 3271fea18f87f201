import { dirname } from "node:path";
import type { Certificate } from "./aws/acm.ts";
import { partitionOf } from "./aws/arn.ts";
import type { Cluster } from "./aws/eks/state.ts";
import type { IamOptions, Role } from "./aws/iam/state.ts";
import { startBalancer } from "./balancer/balancer.ts";
import { Faults } from "./faults.ts";
import { GithubOidc } from "./github/oidc.ts";
import { type Listening, listen } from "./http.ts";
import type { Kubernetes } from "./kubernetes/cluster.ts";
import { ModelServers } from "./models/servers.ts";
import { RequestLog } from "./requests.ts";
import type { Ground } from "./service.ts";
import { createAuthority } from "./tls.ts";
import { helm } from "./tools.ts";
import { type AwsStates, startAws } from "./world/aws.ts";
import { Certificates } from "./world/certificates.ts";
import { startCluster, type WorldCluster } from "./world/cluster.ts";
import type { ClusterAccess } from "./world/cluster-access.ts";
import { layEndpoints, laySubnets, type Prerequisite } from "./world/prerequisites.ts";
import { addGithubRole, layProvider } from "./world/trust.ts";

export interface WorldOptions {
  /** Factor on every simulated duration: 1 = as a person would wait (the default), 0.02 in tests. */
  readonly pace?: number;
  /** Major version of the helm in `tools`; 4. */
  readonly helm?: 3 | 4;
  /** What of the guide's prerequisites is missing. */
  readonly without?: readonly Prerequisite[];
  /** Keep sizes and checksums of objects and blobs, no bytes: for benchmarks. */
  readonly discard?: boolean;
  /** How late IAM's writes are seen, in milliseconds of the services' clock. */
  readonly propagation?: IamOptions["propagation"];
  /** Other names than the usual ones. */
  readonly names?: Partial<Pick<World["names"], "region" | "account" | "cluster" | "bucket">>;
  /** The world of another account: GitHub, who exists and S3's space of names are the same. */
  readonly beside?: World;
}

/** A running world: one AWS account and region with everything that the guide asks for, a cluster in it, and a job of GitHub. */
export interface World {
  /** For a step of GitHub's runner: credentials, endpoints, region, GitHub's token endpoint. */
  readonly env: Readonly<Record<string, string>>;
  readonly names: {
    readonly region: string;
    readonly account: string;
    readonly cluster: string;
    readonly bucket: string;
    readonly certificateArn: string;
  };
  /** Root that signed the load balancer's and the API server's certificates, PEM. */
  readonly authority: string;
  /** Port of the load balancer on 127.0.0.1, HTTPS. */
  readonly balancerPort: number;
  /** Folder with the real helm and kubectl, for PATH. */
  readonly tools: string;
  readonly requests: RequestLog;
  readonly faults: Faults;
  /** What the sandbox itself did wrong, and calls that it does not build. */
  readonly defects: readonly unknown[];
  /** What AWS's services hold. */
  readonly aws: AwsStates;
  /** The cluster as EKS describes it. */
  readonly cluster: Cluster;
  readonly kubernetes: Kubernetes;
  readonly models: ModelServers;
  readonly github: GithubOidc;
  readonly access: ClusterAccess;
  /** The services' time, milliseconds since the epoch. */
  now(): number;
  /** Moves the services' clock; the callers' clocks stay right for signatures. */
  advance(milliseconds: number): void;
  /** Ends every session of an assumed role. */
  expireSessions(): void;
  /** Adds a certificate to ACM that the load balancer can show. */
  addCertificate(names: readonly string[], over?: Partial<Certificate>): Promise<Certificate>;
  /** A role that the job may assume with its OIDC token, with this policy; it may also come to the clusters as an administrator. */
  addGithubRole(name: string, policy: object): Role;
  /** A further cluster in the same account, for promotions; the load balancer's port serves its hosts too. */
  addCluster(name: string): Promise<WorldCluster>;
  /** Stops everything. */
  close(): Promise<void>;
}

const usual = { region: "us-east-2", account: "210987654321", cluster: "poolside", bucket: "acme-models-dev" } as const;

/** Starts a world in which the guide's prerequisites hold, but for those in `without`. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { beside } = options;
  const names = { ...usual, ...options.names };
  const { region, account } = names;
  const has = (prerequisite: Prerequisite) => !options.without?.includes(prerequisite);
  const defects: unknown[] = [];
  let moved = 0;
  const now = () => Date.now() + moved;
  const clocks = () => [Date.now(), now()];
  const ground: Ground = {
    requests: new RequestLog(),
    faults: new Faults(),
    now,
    pace: options.pace ?? 1,
    onDefect: (error) => void defects.push(error),
  };
  const opened: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(started: T): T => {
    opened.push(started);
    return started;
  };
  const close = async () => {
    for (const started of opened.splice(0).reverse()) await started.close();
  };
  try {
    const authority = await createAuthority();
    const github =
      beside?.github ??
      new GithubOidc(ground, { repository: "acme/models", ref: "refs/heads/main", environment: "dev" });
    const issuers = [github.issuer];
    const partition = partitionOf(region);
    const { states, handler, registry } = await startAws(ground, {
      account,
      region,
      partition,
      issuers: (url) => issuers.find((each) => each.url === url),
      clocks,
      discard: options.discard ?? false,
      ...(beside ? { shared: beside.aws } : {}),
      ...(options.propagation ? { propagation: options.propagation } : {}),
    });
    keep(registry);
    const endpoint = keep(await listen(handler, ground.onDefect));
    const tokens = keep(await listen(github.handler, ground.onDefect));

    const certificates = new Certificates(states.acm, authority);
    const certificate = await certificates.add(["*.dev.example.com"], now());
    const key = states.kms.add({ aliases: ["alias/acme-models"] });
    states.s3.addBucket({
      name: names.bucket,
      region,
      owner: account,
      ...(has("bucket-key") ? { encryption: { algorithm: "aws:kms", keyArn: key.arn, bucketKey: true } } : {}),
    });
    states.route53.addZone("dev.example.com");
    laySubnets(states, region, has("subnet-tags"));
    layEndpoints(states, region, has);
    layProvider(states.iam, github.issuer.url);

    const models = new ModelServers(ground);
    const clusters: WorldCluster[] = [];
    const addCluster = async (name: string) => {
      const started = await startCluster({ ground, authority, states, models, issuers, clocks, has }, name);
      keep(started.kubernetes);
      clusters.push(started);
      return started;
    };
    const { cluster, kubernetes, access, admit } = await addCluster(names.cluster);
    const user = states.principals.addUser(account, "deployer");
    if (has("access-entry")) admit(user.caller.arn);
    const balancer = keep(
      await startBalancer({
        ground,
        certificate: certificates.of(certificate.arn),
        certificateFor: (name) => certificates.forName(name),
        route: (host, path) =>
          clusters.map((each) => each.route(host, path)).find((routed) => routed !== "unknown host") ?? "unknown host",
      }),
    );

    return {
      env: environment(endpoint, tokens, github, user),
      names: { ...names, certificateArn: certificate.arn },
      authority: authority.certificate,
      balancerPort: balancer.port,
      tools: dirname(await helm(options.helm ?? 4)),
      requests: ground.requests,
      faults: ground.faults,
      defects,
      aws: states,
      cluster,
      kubernetes,
      models,
      github,
      access,
      now,
      advance(milliseconds) {
        moved += milliseconds;
      },
      expireSessions: () => states.principals.expireSessions(now()),
      addCertificate: (hosts, over) => certificates.add(hosts, now(), over),
      addGithubRole(name, policy) {
        const role = addGithubRole(states.iam, github, name, policy);
        for (const each of clusters) each.admit(role.arn);
        return role;
      },
      async addCluster(name) {
        const added = await addCluster(name);
        added.admit(user.caller.arn);
        return added;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function environment(
  endpoint: Listening,
  tokens: Listening,
  github: GithubOidc,
  user: { readonly secretAccessKey: string; readonly caller: { readonly accessKeyId: string } },
): Readonly<Record<string, string>> {
  return {
    AWS_ACCESS_KEY_ID: user.caller.accessKeyId,
    AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
    AWS_REGION: usual.region,
    AWS_DEFAULT_REGION: usual.region,
    AWS_ENDPOINT_URL: endpoint.url,
    // Neither the machine's own profiles nor an instance's role shall answer for a missing key.
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    ACTIONS_ID_TOKEN_REQUEST_URL: `${tokens.url}/oidc/token?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: github.requestToken,
  };
}

import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createAuthority } from "../../sandbox/tls.ts";
import { answers, freePorts, listens, type Server, startServer } from "../processes.ts";
import { kubernetes } from "../software.ts";
import { kubeconfigOf, type Token, tokenReviewFlags, tokensFile } from "./access.ts";
import { Api } from "./api.ts";
import { auditPolicy, writesIn } from "./audit.ts";
import { nodeStages, simulatedNodes } from "./nodes.ts";
import { stages } from "./pods.ts";

export interface ClusterOptions {
  readonly logs?: readonly Log[];
  /** Nodes that kwok simulates, each with an annotation for it; none: a real kubelet will come. */
  readonly nodes?: readonly object[];
  /** Who signs the tokens of service accounts; a key is made where none is given. */
  readonly issuer?: { readonly url: string; readonly privateKey: string };
  /** Who judges tokens that the API server does not know itself, by TokenReview. */
  readonly tokenReviews?: string;
}

/** A real control plane. */
export interface RealCluster {
  readonly url: string;
  readonly authority: string;
  readonly api: Api;
  kubeconfig(token: Token): string;
  /** Writes that the API server has accepted from a user since it started, as `create leases poolside/x`; dry runs are none. */
  writes(user: string): readonly string[];
  /** What one of its parts printed. */
  output(part: string): string;
  close(): Promise<void>;
}

/** What a container of a namespace has printed, for every pod. */
export interface Log {
  readonly namespaces: readonly string[];
  readonly container: string;
  readonly lines: readonly string[];
}

/** Starts etcd, API server, controllers, scheduler and kwok on loopback; about ten seconds until its nodes are ready. */
export async function startCluster(options: ClusterOptions = {}): Promise<RealCluster> {
  const { logs = [], nodes = simulatedNodes, issuer = ownIssuer() } = options;
  const program = await kubernetes.get();
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-cluster-"));
  const file = (name: string, content?: string) => {
    const path = join(folder, name);
    if (content !== undefined) writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const [etcd, peer, port, controllers, scheduler, kubelet] = (await freePorts(6)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const authority = await createAuthority("e2e cluster");
  const leaf = await authority.issue({ names: ["kubernetes.default.svc", "localhost", "127.0.0.1"] });
  const certificate = [
    "--tls-cert-file",
    file("tls.pem", leaf.cert),
    "--tls-private-key-file",
    file("tls.key", leaf.key),
  ];
  const signing = file("signing.key", issuer.privateKey);
  const verifying = file(
    "signing.pub",
    createPublicKey(issuer.privateKey).export({ type: "spki", format: "pem" }).toString(),
  );
  const root = file("ca.pem", authority.certificate);
  file("tokens.csv", tokensFile());
  file("audit.json", JSON.stringify(auditPolicy));
  const audit = file("audit.log", "");
  const url = `https://127.0.0.1:${port}`;
  const kubeconfig = (token: Token) => kubeconfigOf(url, authority.certificate, token);
  const system = file("kubeconfig", kubeconfig("system"));
  const api = new Api(url, authority.certificate, "system");

  const groups: Server[][] = [];
  const stop = async () => {
    // Clients of the API first, then the API server, then its store: the other way round each waits for the other.
    for (const group of groups.reverse()) await Promise.all(group.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  const start = (part: string, args: readonly string[], ready: () => Promise<boolean>) =>
    startServer(part, [program, part, ...args], { cwd: folder, ready, patience: 60_000 });
  try {
    const store = `http://127.0.0.1:${etcd}`;
    groups.push([
      await start(
        "etcd",
        [
          ...["--name=default", "--data-dir", join(folder, "etcd"), "--unsafe-no-fsync", "--log-level=warn"],
          ...["--listen-client-urls", store, "--advertise-client-urls", store],
          ...["--listen-peer-urls", `http://127.0.0.1:${peer}`],
          ...["--initial-advertise-peer-urls", `http://127.0.0.1:${peer}`],
          ...["--initial-cluster", `default=http://127.0.0.1:${peer}`],
        ],
        () => answers(`${store}/health`),
      ),
    ]);
    groups.push([
      await start(
        "kube-apiserver",
        [
          ...["--etcd-servers", store, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"],
          ...["--secure-port", String(port), ...certificate, "--token-auth-file", file("tokens.csv")],
          ...["--service-cluster-ip-range=10.0.0.0/24", "--service-account-issuer", issuer.url],
          ...["--service-account-signing-key-file", signing, "--service-account-key-file", verifying],
          ...["--api-audiences=https://kubernetes.default.svc,sts.amazonaws.com", "--authorization-mode=Node,RBAC"],
          // As EKS: webhooks are called at their endpoints, not at the address of their Service.
          "--enable-aggregator-routing=true",
          ...["--kubelet-preferred-address-types=InternalIP", "--endpoint-reconciler-type=none", "--profiling=false"],
          ...["--audit-policy-file", file("audit.json"), "--audit-log-path", audit],
          ...(options.tokenReviews === undefined ? [] : tokenReviewFlags(options.tokenReviews, file)),
        ],
        async () => (await api.ask("GET", "/readyz")).status === 200,
      ),
    ]);
    await Promise.all(nodes.map((node) => api.create("/api/v1/nodes", node)));
    await api.create("/apis/networking.k8s.io/v1/ingressclasses", ingressClass);
    const own = ["--kubeconfig", system, "--leader-elect=false", "--bind-address=127.0.0.1", "--profiling=false"];
    const simulation = file("kwok.yaml", documents([...nodeStages, ...stages, ...logObjects(logs, file)]));
    groups.push(
      await Promise.all([
        start(
          "kube-controller-manager",
          [
            ...[...own, "--secure-port", String(controllers), "--use-service-account-credentials"],
            ...["--service-account-private-key-file", signing, "--root-ca-file", root],
            "--controllers=*,-node-ipam-controller,-node-route-controller,-service-lb-controller,-cloud-node-lifecycle-controller",
          ],
          () => listens(controllers),
        ),
        start("kube-scheduler", [...own, "--secure-port", String(scheduler)], () => listens(scheduler)),
        start(
          "kwok",
          [
            ...["--kubeconfig", system, "--config", simulation, "--manage-all-nodes=false"],
            ...["--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake", "--node-ip=127.0.0.1"],
            ...["--node-port", String(kubelet), "--server-address", `127.0.0.1:${kubelet}`, ...certificate],
            ...["--cidr=10.1.0.0/16", "--node-lease-duration-seconds=40"],
          ],
          () => listens(kubelet),
        ),
      ]),
    );
    await waitUntil("its nodes are ready", async () => {
      const ready = (await api.list("/api/v1/nodes")).filter(
        ({ status, spec }) =>
          status.conditions?.some(
            (one: { type: string; status: string }) => one.type === "Ready" && one.status === "True",
          ) && !spec.taints?.some(({ key }: { key: string }) => key === "node.kubernetes.io/not-ready"),
      );
      return ready.length === nodes.length;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    authority: authority.certificate,
    api,
    kubeconfig,
    writes: (user) => writesIn(readFileSync(audit, "utf8"), user),
    output: (part) =>
      groups
        .flat()
        .find(({ name }) => name === part)
        ?.output() ?? "",
    close: stop,
  };
}

function ownIssuer() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    url: "https://oidc.eks.us-east-2.amazonaws.com/id/5D1F0C0FFEE0C0FFEE0C0FFEE0C0FFEE",
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

const ingressClass = {
  apiVersion: "networking.k8s.io/v1",
  kind: "IngressClass",
  metadata: { name: "alb" },
  spec: { controller: "ingress.k8s.aws/alb" },
};

/** Where kwok reads what containers "printed", in the form that a container runtime writes. */
function logObjects(logs: readonly Log[], file: (name: string, content: string) => string): readonly object[] {
  return logs.map(({ namespaces, container, lines }, index) => ({
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "ClusterLogs",
    metadata: { name: `logs-${index}` },
    spec: {
      selector: { matchNamespaces: namespaces },
      logs: [
        {
          containers: [container],
          logsFile: file(
            `logs-${index}.log`,
            lines.map((line) => `${new Date().toISOString().replace("Z", "000000Z")} stdout F ${line}\n`).join(""),
          ),
        },
      ],
    },
  }));
}

function documents(objects: readonly object[]): string {
  return objects.map((object) => JSON.stringify(object)).join("\n---\n");
}

/** Asks until it is so, every 100 ms, for up to `patience` milliseconds (30 s). */
export async function waitUntil(what: string, so: () => Promise<boolean>, patience = 30_000): Promise<void> {
  const deadline = Date.now() + patience;
  while (!(await so())) {
    if (Date.now() > deadline) throw new Error(`after ${patience / 1000} s it is still not so that ${what}`);
    await sleep(100);
  }
}

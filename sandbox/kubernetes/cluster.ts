import type { Ground } from "../service.ts";
import type { Authority } from "../tls.ts";
import type { Api } from "./api.ts";
import type { Authenticate } from "./auth.ts";
import { bootstrap } from "./bootstrap.ts";
import { Deployments } from "./controllers/deployments.ts";
import { anyCheckpoint } from "./controllers/downloader.ts";
import { Garbage } from "./controllers/garbage.ts";
import { Kubelets } from "./controllers/kubelet.ts";
import type { BalancerService, RoutedRequest } from "./controllers/load-balancers.ts";
import { grantingBalancers, LoadBalancers } from "./controllers/load-balancers.ts";
import { ControllerLoop } from "./controllers/loop.ts";
import { Namespaces } from "./controllers/namespaces.ts";
import type { ModelProcess, NodeServices, ServerStart } from "./controllers/node-services.ts";
import { Quotas } from "./controllers/quotas.ts";
import { ReplicaSets } from "./controllers/replicasets.ts";
import { Scheduler } from "./controllers/scheduler.ts";
import { Endpoints } from "./controllers/services.ts";
import { Troubles } from "./controllers/troubles.ts";
import { stableHash } from "./names.ts";
import type { NodeOptions } from "./nodes.ts";
import { setNodes, usualNodes } from "./nodes.ts";
import { ApiServer } from "./server.ts";
import type { Store } from "./store.ts";
import type { Pod } from "./types.ts";

export interface KubernetesOptions {
  readonly ground: Ground;
  /** Signs the API server's certificate; its root is `Kubernetes.authority`. */
  readonly authority: Authority;
  /** Whom a bearer token stands for; undefined: 401. */
  readonly authenticate: Authenticate;
  /** What `/version` says: `1.34`, the default. */
  readonly version?: string;
  /** What the nodes reach; by default every image exists, every checkpoint is there, and servers are only asked by their probes. */
  readonly services?: Partial<NodeServices>;
  /** AWS for the load balancer controller; by default it grants everything. */
  readonly balancers?: BalancerService;
  readonly nodes?: readonly NodeOptions[];
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

/** A running cluster. */
export interface Kubernetes {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  /** Root certificate that clients must trust, PEM. */
  readonly authority: string;
  /** The state, for assertions. */
  readonly store: Store;
  /** Writes past authentication, for arranging a test; admission and validation hold. */
  readonly api: Api;
  /** What goes wrong on the nodes. */
  readonly troubles: Troubles;
  /** Makes the nodes these. */
  setNodes(nodes: readonly NodeOptions[]): void;
  /** Where the load balancers send a request for this host and path. */
  route(host: string, path: string): RoutedRequest;
  /** Text of a kubeconfig for a caller with this token. */
  kubeconfig(token: string, namespace?: string): string;
  /** Ends controllers, pods and the listener. */
  close(): Promise<void>;
}

/** Starts an API server with the controllers that a release needs, and waits until its own pods run. */
export async function startKubernetes(options: KubernetesOptions): Promise<Kubernetes> {
  const { ground, authority, version = "1.34" } = options;
  const leaf = await authority.issue({ names: ["kubernetes", "kubernetes.default.svc", "localhost", "127.0.0.1"] });
  const server = new ApiServer(ground, { tls: leaf, version, authenticate: options.authenticate });
  const { api, store } = server;
  const loop = new ControllerLoop(
    api,
    () => ground.now(),
    ground.pace,
    (error) => ground.onDefect(error),
  );
  const troubles = new Troubles();
  const services: NodeServices = {
    resolveImage: everyImage,
    download: anyCheckpoint,
    startServer: silentServer,
    ...options.services,
  };
  const kubelets = new Kubelets(loop, server.logs, services, troubles);
  const balancers = new LoadBalancers(loop, options.balancers ?? grantingBalancers);

  setNodes(api, options.nodes ?? usualNodes, ground.now());
  bootstrap(api);
  const controllers = [
    new Namespaces(loop, authority.certificate),
    new Deployments(loop),
    new ReplicaSets(loop),
    new Scheduler(loop),
    kubelets,
    new Endpoints(loop),
    new Quotas(loop),
    new Garbage(loop),
    balancers,
  ];
  for (const controller of controllers) loop.add(controller);
  const listening = await server.listen(options.port);
  await systemPodsSettled(store);

  return {
    url: listening.url,
    authority: authority.certificate,
    store,
    api,
    troubles,
    setNodes: (nodes) => setNodes(api, nodes, ground.now()),
    route: (host, path) => balancers.route(host, path),
    kubeconfig: (token, namespace = "default") => kubeconfigOf(listening.url, authority.certificate, token, namespace),
    async close() {
      loop.close();
      kubelets.close();
      await listening.close();
    },
  };
}

/** Resolves once every pod of kube-system is ready or known to fit nowhere. */
function systemPodsSettled(store: Store): Promise<void> {
  const settled = () => {
    const pods = store.list<Pod>("pods", "kube-system");
    return (
      pods.length > 0 &&
      pods.every(({ status }) =>
        status.conditions?.some(
          ({ type, status: state }) =>
            (type === "Ready" && state === "True") || (type === "PodScheduled" && state === "False"),
        ),
      )
    );
  };
  return new Promise((resolve) => {
    const check = () => {
      if (!settled()) return;
      unsubscribe();
      // Endpoints follow in the controllers' next pass.
      setImmediate(() => setImmediate(resolve));
    };
    const unsubscribe = store.subscribe(check);
    check();
  });
}

function everyImage(reference: string): { readonly digest: string } {
  const hex = Buffer.from(stableHash(reference, 32)).toString("hex");
  return { digest: `sha256:${hex.slice(0, 64)}` };
}

/** Loads as a model server does, and then answers nobody but its probes. */
function silentServer({ container }: ServerStart): ModelProcess {
  let answers = false;
  return {
    loads: container === "inference",
    loaded: () => {
      answers = true;
    },
    healthy: () => answers,
    stop: () => {
      answers = false;
    },
  };
}

function kubeconfigOf(server: string, authority: string, token: string, namespace: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "sandbox", cluster: { server, "certificate-authority-data": Buffer.from(authority).toString("base64") } },
    ],
    users: [{ name: "caller", user: { token } }],
    contexts: [{ name: "sandbox", context: { cluster: "sandbox", user: "caller", namespace } }],
    "current-context": "sandbox",
  });
}

/** How a cluster's API server is reached, and as whom. */
export interface Endpoint {
  /** What messages call the cluster: `EKS cluster poolside-prod`, `context minikube`. */
  readonly label: string;
  /** Name for records and owners' tags. */
  readonly name: string;
  readonly server: URL;
  readonly tls: TlsMaterial;
  /** Value of the Authorization header; `undefined` where a client certificate speaks for us. `renew`: the one before was refused. */
  authorization(renew: boolean): Promise<string | undefined>;
  /** Why a connection may time out, in a sentence; empty where nothing is known. */
  readonly reach: string;
  /** The caller's own name at the cluster, where it is known without asking. */
  readonly caller: string | undefined;
  /** Kubeconfig and context that helm may use itself; for clusters that were not found through EKS. */
  readonly kubeconfig?: { readonly file: string; readonly context: string };
}

/** PEM texts; what is absent is left to the system. */
export interface TlsMaterial {
  readonly authority?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly serverName?: string;
  /** Only a kubeconfig that says `insecure-skip-tls-verify` turns verification off. */
  readonly verify: boolean;
}

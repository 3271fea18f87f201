import type { Kubernetes } from "../kubernetes/cluster.ts";
import type { ModelServers } from "../models/servers.ts";
import type { Routed } from "./balancer.ts";

/** Routes by what the load balancer controller made of the cluster's Ingresses, to the model servers in ready pods. */
export function clusterRoutes(cluster: Kubernetes, models: ModelServers): (host: string, path: string) => Routed {
  return (host, path) => {
    const routed = cluster.route(host, path);
    if (routed.kind !== "target") return routed.kind;
    const server = models.of(routed.target.podUid);
    return server ? (call) => server.answer(call) : "no target";
  };
}

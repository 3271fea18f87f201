import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "../action/context.ts";
import type { Cluster } from "./cluster.ts";

/**
 * What helm needs to reach the cluster: environment variables only, so that the token is in no argument and no file.
 * A kubeconfig that speaks by client certificate is left to helm itself, because no variable carries a certificate.
 */
export async function helmEnvironment(cluster: Cluster, ctx: Context): Promise<Readonly<Record<string, string>>> {
  const { endpoint } = cluster;
  const authorization = await endpoint.authorization(false);
  const token = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
  if (!token && endpoint.kubeconfig) {
    const { file, context } = endpoint.kubeconfig;
    return { KUBECONFIG: file, HELM_KUBECONTEXT: context };
  }
  const folder = join(ctx.ambient.temp, "eks-deploy", "cluster");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [empty, authority] = [
    join(folder, "empty-kubeconfig"),
    join(folder, `${endpoint.name.replaceAll(/[^\w.-]/g, "_")}.pem`),
  ];
  await writeFile(empty, "");
  const { tls } = endpoint;
  if (tls.authority) await writeFile(authority, tls.authority);
  return {
    KUBECONFIG: empty,
    HELM_KUBEAPISERVER: cluster.server,
    ...(token ? { HELM_KUBETOKEN: token } : {}),
    ...(tls.authority && tls.verify ? { HELM_KUBECAFILE: authority } : {}),
    ...(tls.verify ? {} : { HELM_KUBEINSECURE_SKIP_TLS_VERIFY: "true" }),
    ...(tls.serverName ? { HELM_KUBETLS_SERVER_NAME: tls.serverName } : {}),
  };
}

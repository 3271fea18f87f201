import { access } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { delimiter, join, resolve } from "node:path";
import type { Context } from "../action/context.ts";
import { asEksDeployError, UserError } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";

/** The API server that a kubeconfig's context names. Exec plugins and auth providers are asked anew for every connection, as kubectl does. */
export async function kubeconfigEndpoint(
  file: string | undefined,
  context: string | undefined,
  ctx: Context,
): Promise<Endpoint> {
  const path = await fileOf(file, ctx);
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  try {
    config.loadFromFile(path);
  } catch (cause) {
    throw invalid(path, asEksDeployError(cause).happened, cause);
  }
  const chosen = context ?? config.getCurrentContext();
  const known = config.getContexts().map((item) => item.name);
  if (!known.includes(chosen))
    throw invalid(path, `it has no context ${chosen || "(none is current)"}; there are ${known.join(", ") || "none"}`);
  config.setCurrentContext(chosen);
  const cluster = config.getCurrentCluster();
  if (!cluster?.server) throw invalid(path, `the cluster of its context ${chosen} has no server`);
  const read = async (): Promise<RequestOptions> => {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    return options;
  };
  const options = await read().catch((cause: unknown) => {
    throw invalid(path, `no credentials for the context ${chosen} (${(cause as Error).message})`, cause);
  });
  return {
    label: `context ${chosen}`,
    name: cluster.name,
    server: new URL(cluster.server),
    tls: {
      ...pem("authority", options.ca),
      ...pem("certificate", options.cert),
      ...pem("key", options.key),
      ...(options.servername ? { serverName: options.servername } : {}),
      verify: options.rejectUnauthorized !== false,
    },
    authorization: async () => {
      const header = headerOf(await read());
      if (header) ctx.mask(header.replace(/^\w+ /, ""));
      return header;
    },
    reach: "",
    caller: undefined,
    kubeconfig: { file: path, context: chosen },
  };
}

async function fileOf(file: string | undefined, ctx: Context): Promise<string> {
  const [first = ""] = (ctx.ambient.kubeconfig ?? "").split(delimiter);
  const path = file ? resolve(ctx.ambient.workspace, file) : first || join(ctx.ambient.home, ".kube", "config");
  try {
    await access(path);
  } catch (cause) {
    throw new UserError("CLUSTER_KUBECONFIG", {
      happened: `There is no kubeconfig ${path}.`,
      next: "Give cluster (the name of the EKS cluster), or the path of a kubeconfig.",
      cause,
    });
  }
  return path;
}

function pem<K extends string>(name: K, value: unknown): { readonly [P in K]?: string } {
  const text = Array.isArray(value) ? value.join("\n") : value;
  return text === undefined || text === null ? {} : ({ [name]: String(text) } as { [P in K]: string });
}

function headerOf(options: RequestOptions): string | undefined {
  const headers = options.headers as Record<string, string> | undefined;
  if (headers?.["Authorization"]) return headers["Authorization"];
  return options.auth ? `Basic ${Buffer.from(options.auth).toString("base64")}` : undefined;
}

function invalid(path: string, what: string, cause?: unknown): UserError {
  return new UserError("CLUSTER_KUBECONFIG", {
    happened: `The kubeconfig ${path} cannot be used: ${what}.`,
    next: "Correct kubeconfig or context; kubectl config get-contexts lists them.",
    cause,
  });
}

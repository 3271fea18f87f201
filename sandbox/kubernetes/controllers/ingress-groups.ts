import type { KubeObject } from "../objects.ts";
import type { Store } from "../store.ts";
import type { Ingress, IngressBackend } from "../types.ts";

const prefix = "alb.ingress.kubernetes.io/";
const controllerName = "ingress.k8s.aws/alb";

/** Ingresses that share a load balancer. */
export interface IngressGroup {
  readonly name: string;
  /** Named by annotation or IngressClassParams; else the Ingress is alone, as `namespace/name`. */
  readonly explicit: boolean;
  /** Those that stay. */
  readonly members: readonly Ingress[];
  /** Those that are being deleted, or belong to another group now, and still carry this group's finalizer. */
  readonly leaving: readonly Ingress[];
}

export interface BalancerRule {
  readonly host: string;
  readonly path: string;
  readonly exact: boolean;
  readonly namespace: string;
  readonly ingress: string;
  readonly backend: NonNullable<IngressBackend["service"]>;
}

/** What a group asks of AWS. */
export interface BalancerModel {
  readonly group: string;
  readonly scheme: "internal" | "internet-facing";
  readonly listeners: ReadonlyMap<number, "HTTP" | "HTTPS">;
  readonly certificates: readonly string[];
  readonly healthCheckPath: string;
  readonly rules: readonly BalancerRule[];
}

/** A model that cannot be built: the controller's words. */
export class ModelProblem extends Error {
  override readonly name = "ModelProblem";
}

interface IngressClass extends KubeObject {
  readonly spec?: {
    readonly controller?: string;
    readonly parameters?: { readonly kind: string; readonly name: string };
  };
}
interface IngressClassParams extends KubeObject {
  readonly spec?: {
    readonly scheme?: string;
    readonly group?: { readonly name?: string };
    readonly certificateArn?: readonly string[];
  };
}

/** The finalizer that the controller puts on a group's members. */
export function finalizerOf({ explicit, name }: Pick<IngressGroup, "explicit" | "name">): string {
  return explicit ? `group.ingress.k8s.aws/${name}` : "ingress.k8s.aws/resources";
}

/** All groups of the Ingresses that the controller is responsible for. */
export function groupsOf(store: Store): readonly IngressGroup[] {
  const groups = new Map<string, { explicit: boolean; members: Ingress[]; leaving: Ingress[] }>();
  const group = (name: string, explicit: boolean) => {
    const known = groups.get(name) ?? { explicit, members: [], leaving: [] };
    groups.set(name, known);
    return known;
  };
  for (const ingress of store.list<Ingress>("ingresses")) {
    const own = groupName(store, ingress);
    if (own && !ingress.metadata.deletionTimestamp) group(own.name, own.explicit).members.push(ingress);
    for (const finalizer of ingress.metadata.finalizers ?? []) {
      const name = finalizer.startsWith("group.ingress.k8s.aws/")
        ? finalizer.slice("group.ingress.k8s.aws/".length)
        : undefined;
      const alone =
        finalizer === "ingress.k8s.aws/resources"
          ? `${ingress.metadata.namespace}/${ingress.metadata.name}`
          : undefined;
      const held = name ?? alone;
      if (held === undefined || (held === own?.name && !ingress.metadata.deletionTimestamp)) continue;
      group(held, name !== undefined).leaving.push(ingress);
    }
  }
  return [...groups].map(([name, rest]) => ({ name, ...rest }));
}

function groupName(store: Store, ingress: Ingress): { name: string; explicit: boolean } | undefined {
  if (!isOurs(store, ingress)) return undefined;
  const name = paramsOf(store, ingress)?.spec?.group?.name ?? annotation(ingress, "group.name");
  if (name) return { name, explicit: true };
  return { name: `${ingress.metadata.namespace}/${ingress.metadata.name}`, explicit: false };
}

function classOf(store: Store, ingress: Ingress): IngressClass | undefined {
  return store.get<IngressClass>("ingressclasses", undefined, ingress.spec?.ingressClassName ?? "");
}

function isOurs(store: Store, ingress: Ingress): boolean {
  if (ingress.metadata.annotations?.["kubernetes.io/ingress.class"] === "alb") return true;
  return classOf(store, ingress)?.spec?.controller === controllerName;
}

function paramsOf(store: Store, ingress: Ingress): IngressClassParams | undefined {
  const parameters = classOf(store, ingress)?.spec?.parameters;
  return parameters?.kind === "IngressClassParams"
    ? store.get<IngressClassParams>("ingressclassparams", undefined, parameters.name)
    : undefined;
}

function annotation({ metadata }: Ingress, name: string): string | undefined {
  return metadata.annotations?.[`${prefix}${name}`];
}

/** What the group's members want together; throws `ModelProblem` where one of them is wrong, which stops the whole group. */
export function modelOf(store: Store, { name, members }: IngressGroup): BalancerModel {
  const certificates = [...new Set(members.flatMap((ingress) => certificatesOf(store, ingress)))];
  const listeners = new Map<number, "HTTP" | "HTTPS">();
  for (const ingress of members) {
    for (const [port, protocol] of listenersOf(store, ingress)) {
      const known = listeners.get(port);
      if (known && known !== protocol)
        throw new ModelProblem(`conflicting protocol, port: ${port}, protocols: [${known} ${protocol}]`);
      listeners.set(port, protocol);
    }
  }
  for (const ingress of members) {
    const redirect = annotation(ingress, "ssl-redirect");
    if (redirect === undefined) continue;
    if (!/^\d+$/.test(redirect))
      throw new ModelProblem(`failed to parse int64 annotation, ${prefix}ssl-redirect: ${redirect}`);
    const protocol = listeners.get(Number(redirect));
    if (!protocol) throw new ModelProblem(`listener does not exist for SSLRedirect port: ${redirect}`);
    if (protocol !== "HTTPS") throw new ModelProblem(`listener protocol non-SSL for SSLRedirect port: ${redirect}`);
  }
  const schemes = [...new Set(members.map((ingress) => schemeOf(store, ingress)))].sort();
  const [scheme = "internal"] = schemes;
  if (schemes.length > 1) throw new ModelProblem(`conflicting scheme: [${schemes.join(" ")}]`);
  if (scheme !== "internal" && scheme !== "internet-facing") throw new ModelProblem(`unknown scheme: ${scheme}`);
  if ([...listeners.values()].includes("HTTPS") && certificates.length === 0) {
    const [host = ""] = members.flatMap((ingress) => (ingress.spec?.rules ?? []).map((rule) => rule.host ?? ""));
    throw new ModelProblem(`no certificate found for host: ${host}`);
  }
  const healthCheckPath = members.map((ingress) => annotation(ingress, "healthcheck-path")).find((path) => path) ?? "/";
  return { group: name, scheme, listeners, certificates, healthCheckPath, rules: members.flatMap(rulesOf) };
}

function schemeOf(store: Store, ingress: Ingress): string {
  return paramsOf(store, ingress)?.spec?.scheme ?? annotation(ingress, "scheme") ?? "internal";
}

function certificatesOf(store: Store, ingress: Ingress): readonly string[] {
  const forced = paramsOf(store, ingress)?.spec?.certificateArn;
  if (forced?.length) return forced;
  const list = annotation(ingress, "certificate-arn") ?? "";
  return list
    .split(",")
    .map((arn) => arn.trim())
    .filter((arn) => arn !== "");
}

function listenersOf(store: Store, ingress: Ingress): readonly (readonly [number, "HTTP" | "HTTPS"])[] {
  const text = annotation(ingress, "listen-ports");
  if (text === undefined) return certificatesOf(store, ingress).length > 0 ? [[443, "HTTPS"]] : [[80, "HTTP"]];
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    throw new ModelProblem(`failed to parse listen-ports configuration: \`${text}\``);
  }
  if (!Array.isArray(entries) || entries.length === 0)
    throw new ModelProblem(`empty listen-ports configuration: \`${text}\``);
  return entries.flatMap((entry: Record<string, unknown>) =>
    Object.entries(entry).map(([protocol, port]) => {
      if (protocol !== "HTTP" && protocol !== "HTTPS")
        throw new ModelProblem(`listen protocol must be within [HTTP, HTTPS]: ${protocol}`);
      if (typeof port !== "number" || port < 1 || port > 65_535)
        throw new ModelProblem(`listen port must be within [1, 65535]: ${String(port)}`);
      return [port, protocol] as const;
    }),
  );
}

function rulesOf(ingress: Ingress): readonly BalancerRule[] {
  return (ingress.spec?.rules ?? []).flatMap(({ host = "", http }) =>
    (http?.paths ?? []).flatMap(({ path = "/", pathType, backend }) =>
      backend.service
        ? [
            {
              host: host.toLowerCase(),
              path,
              exact: pathType === "Exact",
              namespace: ingress.metadata.namespace ?? "",
              ingress: ingress.metadata.name,
              backend: backend.service,
            },
          ]
        : [],
    ),
  );
}

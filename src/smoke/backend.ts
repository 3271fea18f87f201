import type { Context } from "../action/context.ts";
import { count } from "../action/describe.ts";
import type { Aws } from "../aws/session.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Ingress, KubeObject, Pod } from "../cluster/objects.ts";
import { ingresses, pods, type Resource, services } from "../cluster/resources.ts";
import { asEksDeployError } from "../errors.ts";
import type { Check } from "./check.ts";
import type { Target } from "./target.ts";
import { reasonText, type TargetState, targetStates } from "./target-health.ts";

/** What the inside of a release is looked at with. */
export interface Inside {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** For the load balancer's view of its targets; absent where only a kubeconfig was given. */
  readonly aws: Aws | undefined;
}

interface RoutedIngress extends Ingress {
  readonly spec?: {
    readonly rules?: readonly {
      readonly host?: string;
      readonly http?: {
        readonly paths?: readonly { readonly backend: { readonly service?: { readonly name: string } } }[];
      };
    }[];
  };
}

interface SelectingService extends KubeObject {
  readonly spec?: { readonly selector?: Readonly<Record<string, string>> };
}

/**
 * What cluster and load balancer say of a model's pods: why it does not answer, or that it has restarted. None of it fails a model: its answers decide.
 * What may not be read is not looked at.
 */
export async function backendChecks(target: Target, inside: Inside, ctx: Context): Promise<readonly Check[]> {
  try {
    const { cluster, namespace } = inside;
    const routed = await cluster.list(ingresses as Resource<RoutedIngress>, { namespace });
    const ingress = routed.find(({ spec }) => spec?.rules?.some(({ host }) => host?.toLowerCase() === target.host));
    if (!ingress)
      return [podCheck("degraded", `no Ingress in ${namespace} has the host ${target.host}`, noIngress(target))];
    return [await podsOf(ingress, target, inside), ...(await balancerView(ingress, inside, ctx))];
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown;
    return [notLooked("pods", asEksDeployError(thrown).happened)];
  }
}

/** A check that could not be made. */
export function notLooked(name: string, why: string): Check {
  return { name, result: "not looked at", seen: why, remedy: "", milliseconds: 0 };
}

async function podsOf(ingress: RoutedIngress, target: Target, { cluster, namespace }: Inside): Promise<Check> {
  const rule = ingress.spec?.rules?.find(({ host }) => host?.toLowerCase() === target.host);
  const name = rule?.http?.paths?.[0]?.backend.service?.name ?? "";
  const service = await cluster.get(services as Resource<SelectingService>, name, namespace);
  const selector = Object.entries(service?.spec?.selector ?? {});
  if (selector.length === 0)
    return podCheck(
      "degraded",
      `the Service ${name} of the Ingress is not there or selects nothing`,
      noIngress(target),
    );
  const labels = selector.map(([key, value]) => `${key}=${value}`).join(",");
  const found = (await cluster.list(pods, { namespace, labels })).filter(({ metadata }) => !metadata.deletionTimestamp);
  const ready = found.filter(isReady);
  const restarts = found
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .filter(({ restartCount }) => restartCount > 0);
  const seen = `${ready.length} of ${count(found.length, "pod")} ready`;
  if (ready.length === 0) return podCheck("degraded", seen, `kubectl describe pods -n ${namespace} -l ${labels}`);
  if (restarts.length === 0) return podCheck("pass", seen, "");
  const times = restarts.reduce((sum, { restartCount }) => sum + restartCount, 0);
  const last =
    restarts.map(({ lastState }) => lastState?.terminated?.reason).find((reason) => reason) ?? "unknown reason";
  const remedy = `Look at what it said last: kubectl logs -n ${namespace} -l ${labels} --previous`;
  return podCheck("degraded", `${seen}, restarted ${count(times, "time")} (${last})`, remedy);
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: state }) => type === "Ready" && state === "True") ?? false;
}

function podCheck(result: "pass" | "degraded", seen: string, remedy: string): Check {
  return { name: "pods", result, seen, remedy, ...(result === "pass" ? {} : { code: "SMOKE_PODS" }), milliseconds: 0 };
}

function noIngress({ host }: Target): string {
  return `Compare ingressHost in the values with ${host}, and namespace with the release's.`;
}

async function balancerView(
  ingress: RoutedIngress,
  { namespace, aws }: Inside,
  ctx: Context,
): Promise<readonly Check[]> {
  const name = "target group";
  const address = ingress.status?.loadBalancer?.ingress?.[0]?.hostname;
  if (!aws) return [];
  if (!address) return [notLooked(name, `the Ingress ${ingress.metadata.name} has no address yet`)];
  try {
    const place = { namespace, name: ingress.metadata.name };
    const states = await targetStates(address, place, aws, ctx.signal);
    return [states ? targetCheck(name, states) : notLooked(name, `no load balancer of this account is ${address}`)];
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown;
    return [notLooked(name, asEksDeployError(thrown).happened)];
  }
}

function targetCheck(name: string, states: readonly TargetState[]): Check {
  const healthy = states.filter(({ state }) => state === "healthy");
  const others = states.filter(({ state }) => state !== "healthy" && state !== "draining");
  const told = others.map(({ address, state, reason }) => `${address} ${reasonText(reason) || `is ${state}`}`);
  const seen = [`${healthy.length} of ${count(states.length, "target")} healthy`, ...told].join("; ");
  if (healthy.length > 0 && others.length === 0) return { name, result: "pass", seen, remedy: "", milliseconds: 0 };
  const remedy =
    "The health check asks /health on the model's port: see that the pod is ready, and that the security groups let the load balancer reach it.";
  return { name, result: "degraded", seen, remedy, code: "SMOKE_TARGETS", milliseconds: 0 };
}

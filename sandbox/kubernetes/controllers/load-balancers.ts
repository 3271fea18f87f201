import { stableHash } from "../names.ts";
import type { EndpointSlice, Ingress, Service } from "../types.ts";
import type { Controller, ControllerContext } from "./context.ts";
import { atStatus, balancerWriter } from "./context.ts";
import { recordEvent } from "./events.ts";
import type { BalancerModel, BalancerRule, IngressGroup } from "./ingress-groups.ts";
import { finalizerOf, groupsOf, ModelProblem, modelOf } from "./ingress-groups.ts";

/** A place that a load balancer sends requests to. */
export interface BalancerTarget {
  readonly address: string;
  readonly port: number;
  readonly podUid: string;
}

/** A target group as the controller keeps it. `resource`: `namespace/ingress-service:port`, its tag. */
export interface BalancerBackend {
  readonly resource: string;
  readonly port: number;
  /** The Service's own annotation, which wins over the Ingress's; else the group's. */
  readonly healthCheckPath?: string;
  readonly targets: readonly BalancerTarget[];
}

/** AWS, as the controller uses it. */
export interface BalancerService {
  /** Makes the load balancer what the model says. A text says why AWS refuses. `active` is false while it is being made. */
  apply(
    model: BalancerModel,
    backends: readonly BalancerBackend[],
    active: boolean,
  ): { readonly hostname: string } | string;
  /** The group has no members any more. */
  remove(group: string): void;
}

/** Where a request goes. */
export type RoutedRequest =
  | { readonly kind: "unknown host" }
  | { readonly kind: "no target" }
  | { readonly kind: "target"; readonly target: BalancerTarget };

/** Times that AWS takes. */
const createMilliseconds = 5000;
const provisionMilliseconds = 60_000;
const firstRetry = 10_000;
const longestRetry = 300_000;

interface Made {
  model: BalancerModel;
  /** 0: asked for; 1: it has an address; 2: it answers. */
  stage: 0 | 1 | 2;
}

/** The AWS Load Balancer Controller: one load balancer per Ingress group, while its pods are ready. */
export class LoadBalancers implements Controller {
  readonly watches = ["ingresses", "ingressclasses", "ingressclassparams", "services", "endpointslices"];
  private readonly context: ControllerContext;
  private readonly service: BalancerService;
  private readonly made = new Map<string, Made>();
  private readonly failures = new Map<string, { message: string; wait: number }>();
  private turn = 0;

  constructor(context: ControllerContext, service: BalancerService) {
    this.context = context;
    this.service = service;
  }

  reconcile(): void {
    if (!this.isRunning()) return;
    for (const group of groupsOf(this.context.store)) this.reconcileGroup(group);
  }

  /** Where the load balancers send a request now; of several ready targets each gets its turn. */
  route(host: string, path: string): RoutedRequest {
    const rules = [...this.made.values()].flatMap(({ model, stage }) => (stage === 2 ? model.rules : []));
    const fitting = rules
      .filter(
        (rule) => rule.host === host.toLowerCase() && (rule.exact ? rule.path === path : startsWith(path, rule.path)),
      )
      .sort((a, b) => b.path.length - a.path.length)[0];
    if (!fitting) return { kind: "unknown host" };
    const { targets } = this.backendOf(fitting);
    this.turn += 1;
    const target = targets[this.turn % Math.max(1, targets.length)];
    return target ? { kind: "target", target } : { kind: "no target" };
  }

  /** Nothing is reconciled while no pod of the controller is ready; what AWS has stays as it is. */
  private isRunning(): boolean {
    return this.readyEndpoints("kube-system", "aws-load-balancer-webhook-service").length > 0;
  }

  private reconcileGroup(group: IngressGroup): void {
    try {
      if (group.members.length > 0) this.deploy(group, modelOf(this.context.store, group));
      else this.remove(group);
    } catch (error) {
      if (!(error instanceof ModelProblem)) throw error;
      this.fail(group, "FailedBuildModel", `Failed build model due to ${error.message}`);
    }
  }

  private deploy(group: IngressGroup, model: BalancerModel): void {
    for (const ingress of group.members) this.mark(ingress, finalizerOf(group), true);
    const before = this.made.get(group.name);
    // Another scheme is another load balancer.
    const known = before?.model.scheme === model.scheme ? before : undefined;
    const made: Made = { model, stage: known?.stage ?? 0 };
    const answer = this.service.apply(model, this.backendsOf(model), made.stage === 2);
    if (typeof answer === "string") {
      this.fail(group, "FailedDeployModel", `Failed deploy model due to ${answer}`);
      return;
    }
    this.made.set(group.name, made);
    if (!known) this.grow(group.name);
    if (made.stage === 0) return;
    const healed = this.failures.delete(group.name);
    for (const ingress of group.members) this.succeed(ingress, answer.hostname, healed);
    for (const ingress of group.leaving) this.mark(ingress, finalizerOf(group), false);
  }

  /** The address comes after a few seconds, answers after a minute. */
  private grow(name: string): void {
    const next = (stage: 1 | 2) => {
      const made = this.made.get(name);
      if (made) made.stage = stage;
      this.reconcile();
    };
    this.context.after(createMilliseconds, () => next(1));
    this.context.after(createMilliseconds + provisionMilliseconds, () => next(2));
  }

  private succeed(ingress: Ingress, hostname: string, again: boolean): void {
    const before = ingress.status?.loadBalancer?.ingress?.[0]?.hostname;
    if (before === hostname && !again) return;
    this.context.api.modify<Ingress>(
      "ingresses",
      ingress,
      (draft) => {
        draft.status = { loadBalancer: { ingress: [{ hostname }] } };
      },
      atStatus(balancerWriter),
    );
    this.tell(ingress, "Normal", "SuccessfullyReconciled", "Successfully reconciled");
  }

  private remove(group: IngressGroup): void {
    this.service.remove(group.name);
    this.made.delete(group.name);
    this.failures.delete(group.name);
    for (const ingress of group.leaving) this.mark(ingress, finalizerOf(group), false);
  }

  private mark(ingress: Ingress, finalizer: string, present: boolean): void {
    this.context.api.modify<Ingress>(
      "ingresses",
      ingress,
      (draft) => {
        const others = (draft.metadata.finalizers ?? []).filter((one) => one !== finalizer);
        draft.metadata.finalizers = present ? [...others, finalizer].sort() : others;
        if (draft.metadata.finalizers.length === 0) delete draft.metadata.finalizers;
      },
      balancerWriter,
    );
  }

  /** Tells every member at once, then again after 10 s, 20 s, ... 5 minutes. */
  private fail(group: IngressGroup, reason: string, message: string): void {
    if (this.failures.get(group.name)?.message === message) return;
    const failure = { message, wait: firstRetry };
    this.failures.set(group.name, failure);
    const tell = () => {
      if (this.failures.get(group.name) !== failure) return;
      for (const { metadata } of group.members) {
        const live = this.context.store.get<Ingress>("ingresses", metadata.namespace, metadata.name);
        if (live?.metadata.uid === metadata.uid) this.tell(live, "Warning", reason, message);
      }
      this.context.after(failure.wait, () => {
        this.reconcile();
        tell();
      });
      failure.wait = Math.min(longestRetry, failure.wait * 2);
    };
    tell();
  }

  private tell(ingress: Ingress, type: "Normal" | "Warning", reason: string, message: string): void {
    recordEvent(this.context, "ingress", ingress, { type, reason, message });
  }

  private backendsOf(model: BalancerModel): readonly BalancerBackend[] {
    const backends = model.rules.map((rule) => this.backendOf(rule));
    return [...new Map(backends.map((backend) => [backend.resource, backend])).values()];
  }

  private backendOf({ namespace, ingress, backend }: BalancerRule): BalancerBackend {
    const { number, name } = backend.port;
    const resource = `${namespace}/${ingress}-${backend.name}:${name ?? number ?? ""}`;
    const service = this.context.store.get<Service>("services", namespace, backend.name);
    const port = service?.spec.ports?.find((one) => (name === undefined ? one.port === number : one.name === name));
    if (!port) return { resource, port: number ?? 0, targets: [] };
    const targets = this.readyEndpoints(namespace, backend.name, port.name ?? "");
    const healthCheckPath = service?.metadata.annotations?.["alb.ingress.kubernetes.io/healthcheck-path"];
    return { resource, port: targets[0]?.port ?? port.port, ...(healthCheckPath ? { healthCheckPath } : {}), targets };
  }

  private readyEndpoints(namespace: string, service: string, portName?: string): readonly BalancerTarget[] {
    return this.context.store
      .list<EndpointSlice>("endpointslices", namespace)
      .filter((slice) => slice.metadata.labels?.["kubernetes.io/service-name"] === service)
      .flatMap(({ endpoints, ports }) => {
        const port = portName === undefined ? ports[0] : ports.find((one) => one.name === portName);
        if (!port) return [];
        return endpoints
          .filter((endpoint) => endpoint.conditions.ready)
          .map(({ addresses, targetRef }) => ({
            address: addresses[0] ?? "",
            port: port.port,
            podUid: (targetRef as { uid?: string } | undefined)?.uid ?? "",
          }));
      });
  }
}

function startsWith(path: string, prefix: string): boolean {
  const base = prefix.replace(/\/\*?$/, "");
  return path === base || path.startsWith(`${base}/`);
}

/** A stand-in for AWS that grants every load balancer, for clusters without a world around them. */
export const grantingBalancers: BalancerService = {
  apply: ({ group, scheme }) => {
    const name = `k8s-${group.replaceAll(/[^a-z0-9]/g, "").slice(0, 8)}-${stableHash([group, scheme], 10)}`;
    return { hostname: `${scheme === "internal" ? "internal-" : ""}${name}.us-east-2.elb.amazonaws.com` };
  },
  remove: () => undefined,
};

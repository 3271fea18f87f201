import type { ElbState } from "../aws/elb.ts";
import type { BalancerModel } from "../kubernetes/controllers/ingress-groups.ts";
import type { BalancerService } from "../kubernetes/controllers/load-balancers.ts";

/** What AWS may have against a load balancer: a certificate that is not there, subnets without the role's tag. */
export type Objection = (model: BalancerModel) => string | undefined;

/** Keeps the load balancers of a cluster's Ingress groups in ELB's state, where the product reads them. */
export function elbGroups(elb: ElbState, cluster: string, objection: Objection = () => undefined): BalancerService {
  const arns = new Map<string, string>();
  return {
    apply(model, backends, active) {
      const refused = objection(model);
      if (refused !== undefined) return refused;
      const balancer = elb.forGroup(model.group, model.scheme, cluster);
      const before = arns.get(model.group);
      if (before !== undefined && before !== balancer.arn) elb.removeGroup(before);
      arns.set(model.group, balancer.arn);
      balancer.state = active ? "active" : "provisioning";
      for (const { resource, port, targets, healthCheckPath = model.healthCheckPath } of backends) {
        const shown = targets.map((target) => ({
          id: target.address,
          port: target.port,
          state: active ? "healthy" : "initial",
        }));
        elb.setTargets(balancer, resource, port, shown).healthCheckPath = healthCheckPath;
      }
      return { hostname: balancer.dnsName };
    },
    remove(group) {
      const arn = arns.get(group);
      if (arn !== undefined) elb.removeGroup(arn);
      arns.delete(group);
    },
  };
}

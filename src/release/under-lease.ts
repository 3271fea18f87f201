import type { AnyAction } from "../action/action.ts";
import { holdLease } from "../deploy/lease.ts";
import type { Deployment } from "../deploy/open.ts";

/**
 * helm-deploy, holding the Lease also where it has nothing to change itself: what a run is going to record must stay as it is while it is proven. A run that was cut off
 * after its deployment is made good by the next, which waits here until the dead one's Lease has run out.
 */
export function underLease(action: AnyAction, isRecording: () => boolean): AnyAction {
  return {
    ...action,
    async verify(plan, applied, clients, ctx) {
      const deployment = clients as Deployment;
      if (isRecording() && deployment.lease === undefined)
        deployment.lease = await holdLease(
          deployment.cluster.within(ctx),
          deployment.inputs,
          deployment.inputs.lockTimeout,
          ctx,
        );
      return action.verify(plan, applied, clients, ctx);
    },
  };
}

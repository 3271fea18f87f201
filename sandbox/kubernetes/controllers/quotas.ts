import { usedIn } from "../admission.ts";
import type { ResourceQuota } from "../types.ts";
import type { Controller, ControllerContext } from "./context.ts";
import { managerWriter } from "./context.ts";

/** Writes what ResourceQuotas allow and what is used of it. */
export class Quotas implements Controller {
  readonly watches = ["resourcequotas", "pods"];
  private readonly context: ControllerContext;

  constructor(context: ControllerContext) {
    this.context = context;
  }

  reconcile(): void {
    const { api, store } = this.context;
    for (const quota of store.list<ResourceQuota>("resourcequotas")) {
      const hard = quota.spec?.hard ?? {};
      const counted = usedIn(store, quota);
      const used = Object.fromEntries(Object.keys(hard).map((name) => [name, shown(counted.get(name) ?? 0)]));
      const writer = { ...managerWriter, subresource: "status" };
      api.modify<ResourceQuota>(
        "resourcequotas",
        quota,
        (draft) => {
          draft.status = { hard, used };
        },
        writer,
      );
    }
  }
}

/** A count as quotas print it: whole numbers plain, fractions in thousandths. */
function shown(used: number): string {
  return Number.isInteger(used) ? String(used) : `${Math.round(used * 1000)}m`;
}

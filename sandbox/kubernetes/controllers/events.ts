import { randomBytes } from "node:crypto";
import { kindOf } from "../kinds.ts";
import type { KubeObject } from "../objects.ts";
import { asJson, timestamp } from "../objects.ts";
import { ApiError } from "../status.ts";
import type { KubeEvent } from "../types.ts";
import type { ControllerContext } from "./context.ts";

export interface Happening {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly fieldPath?: string;
}

/** Records an event about an object as a component does: the same once more raises the count of the one before. */
export function recordEvent(
  context: ControllerContext,
  component: string,
  about: KubeObject,
  what: Happening,
  host?: string,
): void {
  const namespace = about.metadata.namespace ?? "default";
  const now = timestamp(context.now());
  const twin = context.store
    .list<KubeEvent>("events", namespace)
    .find(
      (event) =>
        event.involvedObject.uid === about.metadata.uid &&
        event.reason === what.reason &&
        event.message === what.message &&
        event.source.component === component,
    );
  const writer = { user: `system:${component}`, manager: component };
  if (twin) {
    context.api.modify<KubeEvent>(
      "events",
      twin,
      (event) => {
        event.count = (event.count ?? 1) + 1;
        event.lastTimestamp = now;
      },
      writer,
    );
    return;
  }
  const event = {
    metadata: { name: `${about.metadata.name}.${randomBytes(8).toString("hex")}`, namespace },
    involvedObject: {
      kind: about.kind,
      ...(about.metadata.namespace ? { namespace: about.metadata.namespace } : {}),
      name: about.metadata.name,
      uid: about.metadata.uid,
      apiVersion: about.apiVersion,
      resourceVersion: about.metadata.resourceVersion,
      ...(what.fieldPath ? { fieldPath: what.fieldPath } : {}),
    },
    reason: what.reason,
    message: what.message,
    type: what.type,
    source: { component, ...(host ? { host } : {}) },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    eventTime: null,
    reportingComponent: component,
    reportingInstance: host ?? "",
  };
  try {
    context.api.create(kindOf("events"), namespace, asJson(event as unknown as KubeObject), writer);
  } catch (error) {
    // A namespace that is going away takes no events; the real recorder drops them too.
    if (!(error instanceof ApiError)) throw error;
  }
}

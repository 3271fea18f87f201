import { describe, expect, it } from "vitest";
import type { Deployment } from "../../../src/cluster/objects.ts";
import type { Revision, RevisionStatus } from "../../../src/deploy/release.ts";
import { unfinishedRollout } from "../../../src/deploy/unfinished.ts";

function revisions(...statuses: readonly RevisionStatus[]): readonly Revision[] {
  return statuses.map((status, index) => ({
    number: index + 1,
    status,
    description: "",
    chart: { name: "inference", version: "1" },
    updatedAt: 0,
    manifest: "",
    values: {},
  }));
}

function deployment(name: string, reason: string, more: { generation?: number; restarted?: boolean } = {}): Deployment {
  const annotations: Record<string, string> = more.restarted
    ? { "eks-deploy/restarted-at": "2026-11-26T00:00:00Z" }
    : {};
  return {
    metadata: { name, generation: more.generation ?? 1 },
    spec: { replicas: 1, template: { metadata: { annotations }, spec: { containers: [] } } },
    status: { observedGeneration: 1, replicas: 1, conditions: [{ type: "Progressing", status: "True", reason }] },
  };
}

const names = ["a", "b"];
const served = "NewReplicaSetAvailable";
const open = "ReplicaSetUpdated";
const history = revisions("superseded", "deployed");

describe("unfinishedRollout", () => {
  it("is none where every template was once complete, whatever its pods do now", () => {
    expect(unfinishedRollout(names, [deployment("a", served), deployment("b", served)], history)).toBeUndefined();
  });

  it("goes back to the revision before", () => {
    const found = unfinishedRollout(names, [deployment("a", served), deployment("b", open)], history);
    expect(found).toEqual({ deployments: ["b"], before: 1 });
  });

  it("counts a template that its controller has not seen yet", () => {
    const unseen = deployment("a", served, { generation: 2 });
    expect(unfinishedRollout(names, [unseen], history)?.deployments).toEqual(["a"]);
  });

  it("undoes a first install only while nothing of it has ever served", () => {
    const first = revisions("deployed");
    expect(unfinishedRollout(names, [deployment("a", open), deployment("b", open)], first)?.before).toBe(0);
    expect(unfinishedRollout(names, [deployment("a", served), deployment("b", open)], first)?.before).toBeUndefined();
  });

  it("has nothing to undo while pods are merely restarted for a changed Secret", () => {
    const found = unfinishedRollout(names, [deployment("a", open, { restarted: true })], history);
    expect(found).toEqual({ deployments: ["a"], before: undefined });
  });

  it("leaves Deployments of others out", () => {
    expect(unfinishedRollout(["a"], [deployment("a", served), deployment("stranger", open)], history)).toBeUndefined();
  });
});

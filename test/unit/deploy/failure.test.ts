import { describe, expect, it } from "vitest";
import type { Diagnosis } from "../../../src/deploy/diagnosis/diagnosis.ts";
import type { Rollout } from "../../../src/deploy/rollout.ts";
import { rolloutFailure } from "../../../src/deploy/steps.ts";
import { snapshot } from "./snapshots.ts";

const target = { models: { "inference-point": "point" }, ingresses: ["inference-point"], release: "inference" };

function diagnosis(object: string, code: string): Diagnosis {
  return { object, code, cause: `Cause of ${code}.`, evidence: "its line", remedy: `Mend ${code}.`, patience: 0 };
}

function rollout(
  kind: "failed" | "timeout",
  because: readonly Diagnosis[],
  unrelated: readonly string[] = [],
): Rollout {
  const like = {
    pods: [{ init: { state: { running: {} } }, logs: { "model-downloader": ["10% 6.7 GiB of 67.0 GiB"] } }],
  };
  return { verdict: { kind, because }, diagnoses: because, unrelated, snapshot: snapshot(like) };
}

describe("rolloutFailure", () => {
  it("names the model, its pod, the cause and the line that shows it", () => {
    const failure = rolloutFailure(rollout("failed", [diagnosis("Pod inference-point-7d-x", "DEPLOY_OOM")]), 1, target);
    expect(failure).toMatchObject({ code: "DEPLOY_OOM", next: "Mend DEPLOY_OOM." });
    expect(failure.happened).toBe(
      "point (Pod inference-point-7d-x): Cause of DEPLOY_OOM. [DEPLOY_OOM]\n      its line",
    );
  });

  it("names all where there are several, the first of them in its first line, and strangers as strangers", () => {
    const because = [
      diagnosis("Pod inference-point-a", "DEPLOY_OOM"),
      diagnosis("Ingress other", "DEPLOY_INGRESS_FAILED"),
    ];
    const failure = rolloutFailure(rollout("failed", because, ["Pod theirs: It crashes."]), 1, target);
    expect(failure.code).toBe("DEPLOY_ROLLOUT_FAILED");
    const lines = failure.happened.split("\n");
    expect(lines[0]).toBe("point (Pod inference-point-a): Cause of DEPLOY_OOM. With it 1 more object cannot start:");
    expect(lines[3]).toBe("  - Ingress other: Cause of DEPLOY_INGRESS_FAILED. [DEPLOY_INGRESS_FAILED]");
    expect(lines.at(-1)).toBe("Not of this release, and broken as well: Pod theirs: It crashes.");
  });

  it("says how far the models have come where the time is over and nothing is wrong", () => {
    const failure = rolloutFailure(rollout("timeout", []), 3_600_000, target);
    expect(failure.code).toBe("DEPLOY_TIMEOUT");
    expect(failure.happened).toMatch(
      /^The release is not healthy after .+\. No object says why\. point: downloading, 6\.70 GiB of 67\.0 GiB; no load balancer for Ingress inference-point\.$/,
    );
  });
});

import { describe, expect, it } from "vitest";
import type { Diagnosis } from "../../../src/deploy/diagnosis/diagnosis.ts";
import { progressOf } from "../../../src/deploy/download.ts";
import { healthOf } from "../../../src/deploy/health.ts";
import { judge, type RolloutFacts } from "../../../src/deploy/verdict.ts";
import { image, snapshot } from "./snapshots.ts";

const minute = 60_000;
const limits = { timeout: 60 * minute, stall: 15 * minute };
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const waiting = { ready: false, workloads: [], waitingIngresses: [], wrongImages: [] };
const facts: RolloutFacts = {
  now: 100 * minute,
  startedAt: 99 * minute,
  health: waiting,
  standing: [],
  moved: {},
  revision: 3,
  newest: 3,
};
const trouble: Diagnosis = {
  object: "Pod a",
  code: "DEPLOY_CRASH",
  cause: "",
  evidence: "",
  remedy: "",
  patience: 45_000,
};

describe("judge", () => {
  it("ends as superseded before anything else when a newer revision is there", () => {
    expect(judge({ ...facts, newest: 4, health: { ...waiting, ready: true } }, limits)).toEqual({
      kind: "superseded",
      by: 4,
    });
  });

  it("gives a trouble its patience, and fails when it lasts", () => {
    const since = (milliseconds: number) => [{ diagnosis: trouble, since: facts.now - milliseconds, untried: false }];
    expect(judge({ ...facts, standing: since(44_000) }, limits)).toEqual({ kind: "wait" });
    expect(judge({ ...facts, standing: since(45_000) }, limits)).toMatchObject({ kind: "failed" });
  });

  it("gives what failed before the watch began until its next attempt", () => {
    const diagnosis = { ...trouble, patience: 0, attempts: { last: "2026-11-24T11:00:00Z", within: 5.5 * minute } };
    const since = (milliseconds: number, untried: boolean) => [{ diagnosis, since: facts.now - milliseconds, untried }];
    expect(judge({ ...facts, standing: since(5 * minute, true) }, limits)).toEqual({ kind: "wait" });
    expect(judge({ ...facts, standing: since(5.5 * minute, true) }, limits)).toMatchObject({ kind: "failed" });
    expect(judge({ ...facts, standing: since(0, false) }, limits)).toMatchObject({ kind: "failed" });
  });

  it("names every trouble within a minute", () => {
    expect(trouble.patience).toBeLessThan(minute);
  });

  it("waits for a download as long as it brings bytes, and fails one that stands still", () => {
    const at = (quiet: number) => ({ a: { phase: "downloading" as const, at: facts.now - quiet } });
    expect(judge({ ...facts, moved: at(14 * minute) }, limits)).toEqual({ kind: "wait" });
    expect(judge({ ...facts, moved: at(15 * minute) }, limits)).toMatchObject({
      kind: "failed",
      because: [{ code: "DEPLOY_DOWNLOAD_STALLED" }],
    });
  });

  it("gives a model that loads twice the silence of a download", () => {
    const at = (quiet: number) => ({ a: { phase: "loading" as const, at: facts.now - quiet } });
    expect(judge({ ...facts, moved: at(29 * minute) }, limits)).toEqual({ kind: "wait" });
    expect(judge({ ...facts, moved: at(30 * minute) }, limits)).toMatchObject({
      because: [{ code: "DEPLOY_LOAD_STALLED" }],
    });
  });

  it("ends at the timeout with what is wrong then", () => {
    const standing = [{ diagnosis: { ...trouble, patience: Number.POSITIVE_INFINITY }, since: 0, untried: false }];
    expect(judge({ ...facts, startedAt: 40 * minute, standing }, limits)).toMatchObject({
      kind: "timeout",
      because: [{ code: "DEPLOY_CRASH" }],
    });
  });
});

describe("healthOf", () => {
  const expected = { deployments: ["inference-point"], ingresses: ["inference-point"], images: {} };
  const serving = { ready: true, started: true, state: { running: {} } };
  const complete = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };

  it("is ready when all pods are of the new template, available, and the Ingress has its address", () => {
    const healthy = snapshot({ pods: [{ main: serving }], status: complete, ingress: { address: "lb.example.com" } });
    expect(healthOf(healthy, expected).ready).toBe(true);
  });

  it.each([
    [
      "the controller has not seen the template",
      { status: { ...complete, observedGeneration: 1 }, ingress: { address: "x" } },
    ],
    ["an old pod is still there", { status: { ...complete, replicas: 2 }, ingress: { address: "x" } }],
    ["only old pods are available", { status: { ...complete, updatedReplicas: 0 }, ingress: { address: "x" } }],
    ["the Ingress has no address", { status: complete }],
  ])("is not ready while %s", (_, like) => {
    expect(healthOf(snapshot({ pods: [{ main: serving }], ...like }), expected).ready).toBe(false);
  });

  it("is not ready when a pod runs other bytes than those that were pushed", () => {
    const other = snapshot({
      pods: [{ main: { ...serving, imageID: `a/atlas@${digest("b")}` } }],
      status: complete,
      ingress: { address: "x" },
    });
    const health = healthOf(other, { ...expected, images: { [image]: digest("a") } });
    expect(health).toMatchObject({ ready: false, wrongImages: [{ expected: digest("a"), actual: digest("b") }] });
    expect(judge({ ...facts, health }, limits)).toMatchObject({
      kind: "failed",
      because: [{ code: "DEPLOY_IMAGE_DIFFERS" }],
    });
  });

  it.each([
    ["scheduling", { unscheduled: "waiting" }],
    ["pulling", { init: { state: { waiting: { reason: "PodInitializing" } } } }],
    ["downloading", { init: { state: { running: {} } } }],
    ["loading", { main: { started: false, state: { running: {} } } }],
    ["probing", { main: { started: true, state: { running: {} } } }],
    // Nothing tells loading from probing then.
    ["loading", { startupProbe: false, main: { started: true, state: { running: {} } } }],
    [
      "loading",
      { sidecar: { started: true, state: { running: {} } }, main: { started: false, state: { running: {} } } },
    ],
    ["downloading", { sidecar: { started: true, state: { running: {} } }, init: { state: { running: {} } } }],
  ] as const)("sees a model %s", (phase, pod) => {
    expect(healthOf(snapshot({ pods: [pod] }), expected).workloads[0]!.phase).toBe(phase);
  });

  it("tells how far a download is where the log says so", () => {
    const like = snapshot({
      pods: [{ init: { state: { running: {} } }, logs: { "model-downloader": ["10% 6.7 GiB of 67.0 GiB"] } }],
    });
    expect(healthOf(like, expected).workloads[0]!.detail).toBe("6.70 GiB of 67.0 GiB");
  });
});

describe("progressOf", () => {
  it.each([
    [["Completed 1.5 GiB/67.0 GiB (120 MiB/s) with 3 file(s) remaining"], { done: 1.5 * 2 ** 30, total: 67 * 2 ** 30 }],
    [["12 MB of 48 MB"], { done: 12e6, total: 48e6, percent: 25 }],
    [["model-00001.safetensors: 42%"], { percent: 42 }],
    [["10%", "INFO verifying"], { percent: 10 }],
  ])("reads %j", (lines, progress) => {
    expect(progressOf(lines)).toMatchObject(progress);
  });

  it("makes nothing of lines that tell nothing", () => {
    expect(progressOf(["syncing s3://a/b", "error 403"])).toBeUndefined();
  });
});

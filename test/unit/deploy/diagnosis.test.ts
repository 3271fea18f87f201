import { describe, expect, it } from "vitest";
import { diagnose, unrelatedTroubles } from "../../../src/deploy/diagnosis/diagnose.ts";
import { deployErrors } from "../../../src/deploy/errors.ts";
import { snapshot } from "./snapshots.ts";
import { admission } from "./states/admission.ts";
import { downloads } from "./states/downloads.ts";
import { healthy } from "./states/healthy.ts";
import { images } from "./states/images.ts";
import { ingress } from "./states/ingress.ts";
import { nodes } from "./states/nodes.ts";
import { scheduling } from "./states/scheduling.ts";
import { servers } from "./states/servers.ts";
import { crashing, serverCrash, short, waiting } from "./states/shapes.ts";

const scope = { deployments: ["inference-point"], ingresses: ["inference-point"], release: "inference" };

/** States that a cluster was seen in, or that its components' sources say it can be in. */
const states = [...scheduling, ...images, ...downloads, ...servers, ...nodes, ...admission, ...ingress];

describe("diagnose", () => {
  it.each(states)("finds that %s", (_, like, code) => {
    const found = diagnose(snapshot(like), scope);
    expect(found.map((item) => item.code)).toEqual([code]);
    expect(found[0]).toMatchObject({ cause: expect.stringMatching(/\S.*\.$/), remedy: expect.stringMatching(/\S/) });
    expect(found[0]!.evidence.length).toBeGreaterThan(0);
    expect(Object.keys(deployErrors)).toContain(code);
  });

  it.each(healthy)("gives no alarm for %s", (_, like) => {
    expect(diagnose(snapshot(like), scope)).toEqual([]);
  });

  it.each([
    ["a pod that finds no GPUs", { pods: [{ unscheduled: short }] }],
    ["an image that is not there", waiting("ErrImagePull", "not found")],
    ["an image that may not be pulled", waiting("ErrImagePull", "403 Forbidden")],
    ["a downloader that crashes", crashing(["ERROR (AccessDenied)"])],
    ["a Secret that is missing", waiting("CreateContainerConfigError", 'secret "vllm-auth" not found')],
  ])("waits no minute for %s", (_, like) => {
    const [found] = diagnose(snapshot(like), scope);
    expect(found!.patience).toBeLessThan(60_000);
  });

  it("tells with which words a server began to end, not those that followed from it", () => {
    const lines = [
      "INFO NVML is used to find GPUs",
      "(EngineCore_0) ValueError: Unknown quantization method: fp9",
      "Traceback (most recent call last):",
      '  File "/usr/lib/core.py", line 1, in wait',
      "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
    ];
    expect(diagnose(snapshot(serverCrash(lines)), scope)).toMatchObject([
      { code: "DEPLOY_CRASH", evidence: "(EngineCore_0) ValueError: Unknown quantization method: fp9" },
    ]);
  });

  it("waits for a server without a startup probe as long as it loads", () => {
    const events = [{ reason: "Unhealthy", message: "Readiness probe failed: HTTP probe failed with statuscode: 503" }];
    const probing = { main: { started: true, state: { running: {} } }, events };
    const patienceOf = (startupProbe: boolean) =>
      diagnose(snapshot({ pods: [{ ...probing, startupProbe }] }), scope)[0]!.patience;
    expect([patienceOf(true), patienceOf(false)]).toEqual([360_000, Number.POSITIVE_INFINITY]);
  });

  it("alarms when pods are lost again and again, though each is replaced", () => {
    const lost = { phase: "Failed", reason: "UnexpectedAdmissionError", message: "no healthy devices present" };
    const found = diagnose(snapshot({ pods: [lost, lost, lost, { init: { state: { running: {} } } }] }), scope);
    expect(found.map(({ code }) => code)).toEqual(["DEPLOY_NODE_LOST", "DEPLOY_NODE_LOST", "DEPLOY_NODE_LOST"]);
  });

  it("waits for nodes that an autoscaler is bringing", () => {
    const growing = snapshot({
      pods: [
        {
          unscheduled: short,
          events: [{ reason: "TriggeredScaleUp", message: "pod triggered scale-up", type: "Normal" }],
        },
      ],
    });
    expect(diagnose(growing, scope)).toMatchObject([{ code: "DEPLOY_GPU_SHORT", patience: Number.POSITIVE_INFINITY }]);
  });

  it("goes on waiting for a download that crashed before and runs again, with the words of the crash", () => {
    const status = { restartCount: 2, lastState: { terminated: { exitCode: 1, finishedAt: "2026-11-24T11:59:00Z" } } };
    const again = snapshot({
      pods: [
        {
          init: { ...status, state: { running: {} } },
          logs: { "model-downloader": ["12% 8.0 GiB of 67.0 GiB"] },
          previous: { "model-downloader": ["ERROR 503 Slow Down"] },
        },
      ],
    });
    expect(diagnose(again, scope)).toMatchObject([
      {
        code: "DEPLOY_DOWNLOAD_FAILED",
        evidence: "ERROR 503 Slow Down",
        patience: Number.POSITIVE_INFINITY,
        attempts: { last: "2026-11-24T11:59:00Z", within: Number.POSITIVE_INFINITY },
      },
    ]);
  });

  it("keeps credentials out of the evidence", () => {
    const lines = [
      "ERROR 403 Forbidden aws_secret_access_key=wJalrXUtnFEMI/K7MDENG url=https://b.s3.amazonaws.com/k?X-Amz-Signature=abcdef0123&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE",
    ];
    const [found] = diagnose(snapshot(crashing(lines)), scope);
    expect(found!.evidence).not.toMatch(/wJalr|abcdef0123|AKIAIOSFODNN7/);
  });

  it("names broken workloads of the namespace that are not the release's", () => {
    const strange = snapshot(crashing(["ERROR no checkpoint files"]));
    expect(unrelatedTroubles(strange, { ...scope, deployments: [] })).toHaveLength(1);
    expect(diagnose(strange, { ...scope, deployments: [] })).toEqual([]);
  });
});

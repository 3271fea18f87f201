import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kindOf } from "../../../sandbox/kubernetes/kinds.ts";
import type { ReleaseRecord } from "../../../src/record/record.ts";
import { openRoom, type Room } from "./room.ts";

const someone = { user: "someone", manager: "kubectl" };
let room: Room;
let first: string;
let second: string;

beforeAll(async () => {
  room = await openRoom();
  first = (await room.pass()).outputs["record-sha256"]!;
}, 120_000);
afterAll(() => room?.close());

const recordOf = (sha256: string) => JSON.parse(room.kept(`records/${sha256}.json`)!) as ReleaseRecord;

describe("status", () => {
  it("says what runs, from which record, and that it can be restored; and writes nothing", async () => {
    const mark = room.mark();
    const runner = await room.pass({ command: "status" });
    expect(room.writes(mark)).toEqual([]);
    expect(runner.outputs).toMatchObject({ revision: "1", "record-sha256": first, changed: "false" });
    const result = JSON.parse(runner.outputs["result"]!);
    expect(result).toMatchObject({ state: "deployed", record: first, latest: first, drift: [], holder: null });
    expect(result.earlier).toMatchObject([{ record: first, revision: 1, missing: [] }]);
    expect(runner.outputs["headline"]).toMatch(/^inference \(dev\) runs revision 1 for .*, record [0-9a-f]{12}\.$/);
  });

  it("says what runs also where the bucket of the records is out of reach", async () => {
    room.world.faults.add({
      service: "s3",
      times: 99,
      effect: { kind: "answer", answer: { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" } },
    });
    const runner = await room.pass({ command: "status" });
    room.world.faults.clear();
    expect(runner.outputs["headline"]).toMatch(
      /^inference \(dev\) runs revision 1 for .*, its records not looked at\.$/,
    );
    expect(runner.context.recorded.findings.map(({ code }) => code)).toEqual(["RELEASE_RECORDS_UNSEEN"]);
    expect(runner.summary).toContain("| latest record | not looked at |");
  });
});

describe("rollback", () => {
  it("has nothing to do where the last proven record is live", async () => {
    const mark = room.mark();
    const runner = await room.pass({ command: "rollback" });
    expect(room.writes(mark)).toEqual([]);
    expect(runner.outputs["headline"]).toContain("proved already");
  });

  it("brings chart, values and images of a named record back, proves them, and lets latest name it", async () => {
    second = (await room.pass({ values: "podAnnotations: { note: other }", surge: "recreate" })).outputs[
      "record-sha256"
    ]!;
    expect(second).not.toBe(first);
    const plan = await room.pass({ command: "rollback", "from-record": first, surge: "recreate", "dry-run": "true" });
    expect(room.kept("latest/dev/inference")).toBe(`${second}\n`);
    const back = await room.pass({
      command: "rollback",
      "from-record": first,
      surge: "recreate",
      "approved-plan": plan.outputs["plan-sha256"]!,
    });
    expect(back.outputs).toMatchObject({ status: "deployed", revision: "3", "record-sha256": first });
    expect(back.outputs["values-sha256"]).toBe(recordOf(first).valuesSha256);
    expect(room.kept("latest/dev/inference")).toBe(`${first}\n`);
    expect(back.summary).toContain("From the latest record");
  });

  it("writes nothing the second time, and status knows the record of what is live", async () => {
    const mark = room.mark();
    await room.pass({ command: "rollback", "from-record": first });
    expect(room.writes(mark)).toEqual([]);
    const status = await room.pass({ command: "status" });
    expect(status.outputs).toMatchObject({ revision: "3", "record-sha256": first });
  });

  it("refuses a record of another place, and one whose values file is gone or was edited", async () => {
    const { s3 } = room.world.aws;
    const { bucket } = room.world.names;
    const elsewhere = await room.fail({ command: "rollback", "from-record": first, release: "other" });
    expect(elsewhere.code).toBe("RELEASE_RECORD_ELSEWHERE");
    const key = `eks-deploy/values/${recordOf(second).valuesSha256}.yaml`;
    const text = room.kept(key.slice("eks-deploy/".length))!;
    s3.put(bucket, key, `${text}# edited\n`);
    expect((await room.fail({ command: "rollback", "from-record": second })).code).toBe("RECORD_VALUES_ALTERED");
    s3.bucket(bucket).delete(key);
    expect((await room.fail({ command: "rollback", "from-record": second })).code).toBe("RELEASE_VALUES_GONE");
    const status = await room.pass({ command: "status" });
    const { earlier } = JSON.parse(status.outputs["result"]!);
    expect(earlier.find((item: { record: string }) => item.record === second).missing).toEqual([
      "values file is not kept",
    ]);
  });
});

describe("diagnose", () => {
  it("says that a healthy release is healthy, and that there is none", async () => {
    const mark = room.mark();
    expect((await room.pass({ command: "diagnose" })).outputs["headline"]).toContain("is healthy: 3 workloads ready");
    expect((await room.pass({ command: "diagnose", release: "nothing" })).outputs["headline"]).toContain(
      "There is no release",
    );
    expect(room.writes(mark)).toEqual([]);
  });

  it("finds out what is wrong with a release that somebody applied without Helm, and names its workloads", async () => {
    const labels = { "app.kubernetes.io/instance": "theirs" };
    const containers = [{ name: "inference", image: "210987654321.dkr.ecr.us-east-2.amazonaws.com/nothing:1" }];
    const theirs = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "theirs", namespace: "poolside-models", labels },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    };
    room.world.kubernetes.api.create(kindOf("deployments"), "poolside-models", theirs, someone);
    const mark = room.mark();
    let runner = await room.pass({ command: "diagnose", release: "theirs" });
    for (let looks = 0; looks < 50 && runner.outputs["diagnosis"] === "[]"; looks += 1)
      runner = await room.pass({ command: "diagnose", release: "theirs" });
    expect(JSON.parse(runner.outputs["diagnosis"]!)[0]).toMatchObject({ code: expect.stringContaining("IMAGE") });
    expect(runner.outputs["headline"]).toMatch(/^1 object of theirs in poolside-models cannot start: Pod theirs-/);
    expect(runner.summary).toContain("found by the label app.kubernetes.io/instance");
    expect(room.writes(mark)).toEqual([]);
  });
});

describe("status of a release that drifted", () => {
  it("names the objects that differ, the images that are gone, and the records that were edited", async () => {
    const { kubernetes, aws, names } = room.world;
    const point = kubernetes.store
      .list("deployments", "poolside-models")
      .find(({ metadata }) => metadata.name === "inference-point")!;
    const scale = (draft: object) => void Object.assign((draft as { spec: object }).spec, { replicas: 0 });
    kubernetes.api.modify("deployments", point, scale, someone);
    aws.ecr.repository("public-docs").tags.clear();
    aws.s3.put(names.bucket, `eks-deploy/records/${second}.json`, "{}");
    const runner = await room.pass({ command: "status" });
    const result = JSON.parse(runner.outputs["result"]!);
    expect(result.drift).toEqual([{ verb: "change", kind: "Deployment", name: "inference-point" }]);
    expect(runner.outputs["headline"]).toContain("1 object drifted");
    expect(result.earlier[0].missing[0]).toMatch(/^image public-docs .* is gone/);
    expect(runner.context.recorded.findings.map(({ code }) => code)).toContain("RELEASE_RECORD_UNREADABLE");
  });
});

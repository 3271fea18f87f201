import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { sampleTags } from "../../../sandbox/sample/bundle.ts";
import { type ReleaseRecord, recordBytes } from "../../../src/record/record.ts";
import { sampleChart } from "../../unit/values/support.ts";
import { type Bench, startBench } from "./world.ts";

const provenRecord = (over: Partial<ReleaseRecord>): ReleaseRecord => ({
  version: 1,
  tool: "1.0.0",
  environment: "default",
  release: "inference",
  namespace: "poolside-models",
  cluster: "poolside",
  account: "210987654321",
  region: "us-east-2",
  resolved: {},
  images: {},
  checkpoints: {},
  chart: { sha256: "", version: "", place: "" },
  valuesSha256: "0".repeat(64),
  identity: { roleArn: "", policyArn: "" },
  revision: 1,
  models: [],
  smoke: {},
  planSha256: "0".repeat(64),
  run: { url: "", actor: "", repository: "", sha: "" },
  startedAt: "2026-11-24T00:00:00Z",
  finishedAt: "2026-11-24T00:00:00Z",
  ...over,
});

describe("render-values in the sandbox", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.close());
  beforeEach(() => bench.spec());

  const file = () => join(bench.workspace, "inference_values.yaml");
  const codes = (runner: Awaited<ReturnType<Bench["run"]>>) => runner.context.recorded.findings.map(({ code }) => code);

  it("renders the guide's example, and again without rewriting anything, on a fresh machine too", async () => {
    const first = await bench.run();
    expect(first.failures).toEqual([]);
    const text = readFileSync(file(), "utf8");
    expect(parse(text, { version: "1.1" })).toMatchObject({
      fullnameOverride: "inference",
      image: { registry: expect.stringMatching(/^210987654321\.dkr\.ecr\.us-east-2\./) },
      models: { point: { gpus: 1, ingressHost: "point.dev.example.com" } },
    });
    const second = await bench.run();
    rmSync(file());
    const fresh = await bench.run({ "dry-run": "true" });
    for (const runner of [second, fresh]) {
      expect(runner.outputs).toMatchObject({ changes: "0", changed: "false" });
      for (const name of ["plan-sha256", "values-sha256", "rendered-models"])
        expect(runner.outputs[name]).toBe(first.outputs[name]);
    }
    expect(readFileSync(file(), "utf8")).toBe(text);
  });

  it("tells all that is wrong on the lines of the spec, and leaves no file", async () => {
    rmSync(file(), { force: true });
    bench.spec(
      ["laguna-xs.dev.example.com", "laguna-m.dev.example.com"],
      ["point.dev.example.com", "point.example.com"],
      ["checkpoints/point", "checkpoints/poimt"],
      ["secretName: vllm-auth", 'secretName: ""'],
    );
    const runner = await bench.run();
    expect(runner.failures).toHaveLength(1);
    const errors = runner.context.recorded.findings.filter(({ level }) => level === "error");
    expect(errors.map(({ happened, at }) => `${at?.line}: ${happened}`)).toEqual([
      expect.stringMatching(/^5: The load balancer is internet-facing/),
      expect.stringMatching(/^8: The host laguna-m.dev.example.com belongs to the model laguna-m and again/),
      expect.stringMatching(/^9: The host point.example.com of the model point is not covered/),
      expect.stringMatching(/^9: The prefix s3:\/\/acme-models-dev\/checkpoints\/poimt of the model point is empty/),
    ]);
    expect(existsSync(file())).toBe(false);
  });

  it("refuses a certificate that is not issued, and warns of one that runs out", async () => {
    const { world } = bench;
    const names = ["*.dev.example.com"];
    const pending = await world.addCertificate(names, { status: "PENDING_VALIDATION" });
    expect((await bench.run({ "certificate-arn": pending.arn })).failures[0]?.code).toBe("VALUES_CERTIFICATE_UNUSABLE");
    const ending = await world.addCertificate(names, { type: "IMPORTED", notAfter: Date.now() + 10 * 86_400_000 });
    const runner = await bench.run({ "certificate-arn": ending.arn });
    expect(runner.failures).toEqual([]);
    expect(codes(runner)).toEqual(["VALUES_CERTIFICATE_EXPIRES"]);
  });

  it("refuses an image that the registry does not have", async () => {
    const runner = await bench.run({ values: "image: { tag: '2612.0' }" });
    expect(runner.failures[0]).toMatchObject({ code: "VALUES_IMAGE_MISSING" });
    expect(runner.failures[0]?.message).toContain("atlas:2612.0");
  });

  it("refuses an image whose tag has another digest than was pushed", async () => {
    const images = { atlas: { repository: "atlas", tag: sampleTags.atlas, digest: `sha256:${"0".repeat(64)}` } };
    const runner = await bench.run({ "image-digests": JSON.stringify(images) });
    expect(runner.failures[0]).toMatchObject({ code: "VALUES_IMAGE_DIFFERS" });
    expect(runner.failures[0]?.message).toContain("describe-images --repository-name atlas");
  });

  it("refuses a bucket that is not there, and a TLS policy that load balancers do not know, each on its line", async () => {
    bench.spec(
      ["acme-models-dev/checkpoints/point", "acme-models-gone/checkpoints/point"],
      [
        "scheme: internet-facing,",
        'scheme: internet-facing, annotations: { "alb.ingress.kubernetes.io/ssl-policy": "ELBSecurityPolicy-TLS14" },',
      ],
    );
    const runner = await bench.run();
    const errors = runner.context.recorded.findings.filter(({ level }) => level === "error");
    expect(errors.map(({ happened, at }) => `${at?.line}: ${happened}`)).toEqual([
      expect.stringMatching(/^9: The prefix s3:\/\/acme-models-gone.* cannot be used/),
      "4: Load balancers know no TLS policy ELBSecurityPolicy-TLS14.",
    ]);
  });

  it("renders without asking AWS where it is told so", async () => {
    const mark = bench.world.requests.all.length;
    const runner = await bench.run({ "check-aws": "false", registry: "registry.example.com/poolside" });
    expect(runner.failures).toEqual([]);
    expect(bench.world.requests.since(mark)).toEqual([]);
    expect(readFileSync(file(), "utf8")).toContain("registry: registry.example.com/poolside");
  });

  it("renders what a record proved: its chart and its prefixes, not those of the spec", async () => {
    const { archive } = sampleChart({ "README.md": "the proven one" });
    const { bucket } = bench.world.names;
    const { s3 } = bench.world.aws;
    s3.put(bucket, `eks-deploy/charts/${archive.sha256}.tgz`, archive.bytes);
    const proven = `s3://${bucket}/checkpoints/point`;
    const record = provenRecord({
      chart: { sha256: archive.sha256, version: "2611.0.0", place: "" },
      checkpoints: { point: { prefix: proven } },
    });
    writeFileSync(join(bench.workspace, "record.json"), recordBytes(record));
    bench.spec(["checkpoints/point", "checkpoints/newer"]);
    const runner = await bench.run({ chart: "", "from-record": "record.json", records: `s3://${bucket}/eks-deploy/` });
    expect(runner.failures).toEqual([]);
    expect(runner.outputs["rendered-models"]).toContain(`"prefix":"${proven}"`);
    const plan = JSON.parse(readFileSync(runner.outputs["plan"]!, "utf8")) as { endState: { chart: string } };
    expect(plan.endState.chart).toBe(archive.sha256);
  });

  it("only reads, whatever it is asked", async () => {
    const mark = bench.world.requests.all.length;
    await bench.run({ cluster: bench.world.names.cluster });
    expect(bench.world.requests.since(mark).length).toBeGreaterThan(5);
    expect(bench.world.requests.writes(mark)).toEqual([]);
  });

  it("says in helm's words why a chart does not render, and names what the guide describes and it does not", async () => {
    const template = join(bench.workspace, "charts/inference/templates/services.yaml");
    const before = readFileSync(template, "utf8");
    try {
      writeFileSync(template, '{{ fail "no servers today" }}');
      expect((await bench.run()).failures[0]?.message).toContain("no servers today");
      writeFileSync(template, "");
      expect((await bench.run()).failures[0]?.message).toContain("renders no Service inference-laguna-m");
    } finally {
      writeFileSync(template, before);
    }
  });

  it("refuses values that give the pods another service account than the role trusts", async () => {
    const runner = await bench.run({ values: "fullnameOverride: models" });
    expect(runner.failures[0]).toMatchObject({ code: "VALUES_CHART_FAILS" });
    expect(runner.failures[0]?.message).toContain("with the service account models; the role trusts inference");
  });

  it("turns authentication off with none, and only for an internal load balancer", async () => {
    const off = { "authentication-secret": "none" };
    expect((await bench.run(off)).failures[0]?.code).toBe("VALUES_PUBLIC_WITHOUT_KEY");
    expect((await bench.run({ ...off, scheme: "internal" })).failures).toEqual([]);
    const acknowledged = await bench.run({ ...off, "allow-public-without-key": "true" });
    expect(acknowledged.failures).toEqual([]);
    expect(codes(acknowledged)).toContain("VALUES_PUBLIC_WITHOUT_KEY");
  });

  it("leaves out, and says so, what the role may not look at", async () => {
    const denied = { __type: "AccessDeniedException", message: "not for you" };
    bench.world.faults.add({
      service: "acm",
      effect: {
        kind: "answer",
        answer: {
          status: 400,
          headers: { "content-type": "application/x-amz-json-1.1" },
          body: JSON.stringify(denied),
        },
      },
    });
    const runner = await bench.run();
    expect(runner.failures).toEqual([]);
    expect(codes(runner)).toContain("VALUES_NOT_LOOKED_AT");
  });
});

import { describe, expect, it } from "vitest";
import type { CertificateFacts } from "../../../src/facts/certificate.ts";
import { factsOf } from "../../../src/facts/checkpoint.ts";
import { imageFindings, prefixFindings } from "../../../src/values/check/aws.ts";
import { arnFindings, certificateFindings } from "../../../src/values/check/certificate.ts";
import { gpuFindings } from "../../../src/values/check/gpus.ts";
import { ingressFindings } from "../../../src/values/check/ingress.ts";
import { liveFindings } from "../../../src/values/check/live.ts";
import { modelFindings } from "../../../src/values/check/models.ts";
import { refuse } from "../../../src/values/check/refuse.ts";
import { type GpuNode, gpuNodesOf } from "../../../src/values/cluster.ts";
import { renderedModels, renderValues } from "../../../src/values/render.ts";
import { certificateArn, nowhere, wanted } from "./support.ts";

const now = Date.parse("2026-11-24T00:00:00Z");
const day = 86_400_000;

describe("ingressFindings", () => {
  const of = (annotations: Record<string, string>) => {
    const named = Object.fromEntries(
      Object.entries(annotations).map(([name, value]) => [`alb.ingress.kubernetes.io/${name}`, value]),
    );
    const { values } = renderValues(wanted({ ingress: { ...wanted().ingress, annotations: named } }));
    return ingressFindings(values, nowhere);
  };

  it("finds nothing wrong with the guide's annotations, or with a real redirect", () => {
    expect(of({})).toEqual([]);
    expect(of({ "listen-ports": '[{"HTTP":80},{"HTTPS":443}]', "inbound-cidrs": "10.0.0.0/8, fd00::/8" })).toEqual([]);
  });

  it.each([
    ["scheme", "public", "must be internal or internet-facing"],
    ["listen-ports", "443", "must be a list such as"],
    ["listen-ports", '[{"TCP":443}]', "must be a list such as"],
    ["listen-ports", '[{"HTTPS":70000}]', "must be a list such as"],
    ["ssl-redirect", "8443", "has no HTTPS listener on that port"],
    ["group.name", "Poolside", "must be lower-case letters"],
    ["group.name", "a".repeat(64), "must be lower-case letters"],
    ["group.order", "5000", "must be from -1000 to 1000"],
    ["inbound-cidrs", "10.0.0.0/33", "is no network"],
    ["inbound-cidrs", "10.0.0.0", "is no network"],
    ["certificate-arn", Array(27).fill(certificateArn).join(","), "names 27 certificates"],
  ])("refuses %s: %s", (name, value, words) => {
    expect(of({ [name]: value })).toEqual([
      expect.objectContaining({ level: "error", happened: expect.stringContaining(words) }),
    ]);
  });

  it("warns of a misspelt annotation, with the nearest known one", () => {
    expect(of({ "healthcheck-intervall-seconds": "5" })).toEqual([
      expect.objectContaining({
        code: "VALUES_ANNOTATION_UNKNOWN",
        level: "warning",
        next: "Did you mean alb.ingress.kubernetes.io/healthcheck-interval-seconds?",
      }),
    ]);
    expect(of({ "actions.deny": "{}", "listener-attributes.HTTPS-443": "a=b" })).toEqual([]);
  });
});

describe("modelFindings", () => {
  const of = (change: object, key = "point", docs = false) => {
    const model = { ...wanted().models[2]!, key, ...change };
    const prefixes = { [key]: "prefix" in change ? String(change.prefix) : "s3://acme/checkpoints/point" };
    const { values } = renderValues(
      wanted({ models: [model], prefixes, docs: { enabled: docs, host: "docs.example.com" } }),
    );
    return modelFindings(renderedModels(values), values, nowhere);
  };

  it.each([1, 2, 4, 8])("takes %i GPUs without a word", (gpus) => {
    expect(of({ gpus })).toEqual([]);
  });

  it("warns of other numbers of GPUs", () => {
    for (const gpus of [3, 5, 6, 7, 16])
      expect(of({ gpus })).toEqual([expect.objectContaining({ code: "VALUES_GPUS_UNUSUAL", level: "warning" })]);
  });

  it.each([
    [{ modelType: "chat" }, "point", "agent, agent_small, completion"],
    [{}, "Point", "no RFC 1123 label"],
    [{}, "point-", "no RFC 1123 label"],
    [{}, "a".repeat(54), "64 characters"],
    [{ prefix: "s3://acme" }, "point", 'has the prefix "s3://acme"'],
    [{ prefix: "s3://acme/" }, "point", "not the whole bucket"],
  ])("refuses %j with the key %s", (change, key, words) => {
    const [finding, ...more] = of(change, key);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ code: "VALUES_MODEL_INVALID", level: "error" });
    expect(`${finding!.happened} ${finding!.next}`).toContain(words);
  });

  it("takes a key that makes a name of exactly 63 characters", () => {
    expect(of({}, "a".repeat(53))).toEqual([]);
  });

  it("keeps the key docs free for the documentation site where it is on", () => {
    expect(of({}, "docs")).toEqual([]);
    expect(of({}, "docs", true)).toEqual([expect.objectContaining({ code: "VALUES_MODEL_INVALID" })]);
  });
});

describe("certificateFindings", () => {
  const certificate = (over: Partial<CertificateFacts>): CertificateFacts => ({
    arn: certificateArn,
    status: "ISSUED",
    failureReason: undefined,
    names: ["*.example.com"],
    notBefore: now - day,
    notAfter: now + 300 * day,
    type: "AMAZON_ISSUED",
    renewal: undefined,
    managedBy: undefined,
    ...over,
  });
  const of = (over: Partial<CertificateFacts>) => certificateFindings(certificate(over), now, nowhere);

  it.each([
    [{ status: "NOT_FOUND" }, "There is no certificate"],
    [{ status: "PENDING_VALIDATION" }, "is PENDING_VALIDATION, not ISSUED"],
    [{ status: "FAILED", failureReason: "CAA_ERROR" }, "is FAILED (CAA_ERROR)"],
    [{ notAfter: now - day }, "ran out on 2026-11-23"],
    [{ notBefore: now + day }, "valid only from 2026-11-25"],
    [{ managedBy: "CLOUDFRONT" }, "managed by CloudFront"],
  ])("refuses %j", (over, words) => {
    expect(of(over)).toEqual([
      expect.objectContaining({
        code: "VALUES_CERTIFICATE_UNUSABLE",
        level: "error",
        happened: expect.stringContaining(words),
      }),
    ]);
  });

  it("warns 30 days before the end only where nothing renews it", () => {
    const soon = { notAfter: now + 29 * day };
    expect(of(soon)).toEqual([]);
    for (const over of [{ type: "IMPORTED" }, { renewal: "FAILED" }, { renewal: "PENDING_VALIDATION" }]) {
      expect(of({ ...soon, ...over })).toEqual([
        expect.objectContaining({ code: "VALUES_CERTIFICATE_EXPIRES", level: "warning" }),
      ]);
      expect(of({ ...over, notAfter: now + 31 * day })).toEqual([]);
    }
  });

  it("refuses a certificate of another region, another account or another service, without asking", () => {
    const here = { region: "us-east-2", account: "210987654321" };
    const of = (arn: string) => arnFindings([arn], here, nowhere).map((finding) => finding.happened);
    expect(of(certificateArn)).toEqual([]);
    expect(of(certificateArn.replace("us-east-2", "us-east-1"))[0]).toContain("is in us-east-1");
    expect(of(certificateArn.replace("2109", "3109"))[0]).toContain("of account 310987654321");
    expect(of("arn:aws:iam::210987654321:server-certificate/x")[0]).toContain("no ARN of a certificate");
  });
});

describe("prefixFindings", () => {
  const { values } = renderValues(wanted());
  const [model] = renderedModels(values);
  const object = (path: string, size = 10) => ({
    path,
    size,
    etag: path,
    algorithm: undefined,
    checksumType: undefined,
  });
  const listed = (paths: readonly string[]) =>
    factsOf(
      { bucket: "acme-models-dev", key: "checkpoints/laguna-m/" },
      paths.map((path) => object(path)),
      undefined,
    );
  const of = (paths: readonly string[], upcoming: Parameters<typeof prefixFindings>[2] = []) =>
    prefixFindings(
      [model!],
      { refused: new Map(), prefixes: new Map([[model!.key, listed(paths)]]) },
      upcoming,
      nowhere,
    ).map((finding) => finding.happened);

  it("takes files at the root of the prefix", () => {
    expect(of(["config.json", "model.safetensors"])).toEqual([]);
  });

  it("refuses an empty prefix, and one that holds the archive itself", () => {
    expect(of([])[0]).toContain("is empty or does not exist");
    expect(of(["laguna_m_2611.tar"])[0]).toContain("unextracted");
  });

  it("tells why a prefix cannot be listed at all", () => {
    const refused = new Map([[model!.key, "AWS refused while listing (NoSuchBucket)."]]);
    expect(prefixFindings([model!], { refused, prefixes: new Map() }, [], nowhere)).toEqual([
      expect.objectContaining({ happened: expect.stringContaining("cannot be used: AWS refused") }),
    ]);
  });

  it("counts what earlier steps will bring, and only below that very prefix", () => {
    const bring = (name: string) => [{ verb: "upload", kind: "checkpoint", name, reason: "not there yet" }] as const;
    expect(of([], bring(model!.prefix))).toEqual([]);
    expect(of([], bring(`${model!.prefix}-2`))).toHaveLength(1);
    expect(of([], [{ ...bring(model!.prefix)[0], verb: "delete" }])).toHaveLength(1);
  });
});

describe("imageFindings", () => {
  const image = { key: "image", repository: "atlas", tag: "2611.0", pushed: undefined };

  it("refuses an image that is known not to be there, unless an earlier step brings it", () => {
    const push = (kind: string, name: string) => [{ verb: "upload", kind, name, reason: "" }] as const;
    expect(imageFindings([{ ...image, digest: "absent" }], [])).toHaveLength(1);
    expect(imageFindings([{ ...image, digest: "sha256:1" }], [])).toEqual([]);
    expect(imageFindings([{ ...image, digest: undefined }], [])).toEqual([]);
    expect(imageFindings([{ ...image, digest: "absent" }], push("image", "atlas:2611.0"))).toEqual([]);
    expect(imageFindings([{ ...image, digest: "absent" }], push("image", "atlas:2612.0"))).toHaveLength(1);
    expect(imageFindings([{ ...image, digest: "absent" }], push("images", "bundle.tar.gz"))).toEqual([]);
  });

  it("refuses a tag with another digest than was pushed, where both are known", () => {
    const found = imageFindings([{ ...image, digest: "sha256:1", pushed: "sha256:2" }], []);
    expect(found).toMatchObject([{ code: "VALUES_IMAGE_DIFFERS", level: "error" }]);
    expect(imageFindings([{ ...image, digest: "sha256:1", pushed: "sha256:1" }], [])).toEqual([]);
    expect(imageFindings([{ ...image, digest: undefined, pushed: "sha256:2" }], [])).toEqual([]);
  });
});

describe("gpuFindings", () => {
  const models = renderedModels(renderValues(wanted()).values);
  const gib = 2 ** 30;
  const weights = (bytes: number) =>
    new Map([["laguna-m", { ...factsOf({ bucket: "b", key: "k/" }, [], undefined), safetensorsBytes: bytes }]]);
  const of = (nodes: readonly GpuNode[] | undefined, bytes = 0) =>
    gpuFindings(models, nodes, weights(bytes), nowhere).map((finding) => finding.happened);

  it("warns where no node has the GPUs of a model, and says nothing while there are no GPU nodes", () => {
    expect(of([{ gpus: 2, memory: undefined }])).toEqual([
      "The model laguna-m asks for 4 GPUs; the largest node of the cluster has 2.",
    ]);
    for (const nodes of [undefined, [], [{ gpus: 8, memory: undefined }]]) expect(of(nodes)).toEqual([]);
  });

  it("warns where the weights are larger than the GPUs' memory, and never guesses it", () => {
    const [h100, h200] = [80 * gib, 141 * gib];
    expect(of([{ gpus: 8, memory: h100 }], 420 * gib)).toEqual([
      "The weights of laguna-m have 420.0 GiB; 4 GPUs of the cluster's largest node have 320.0 GiB.",
    ]);
    expect(of([{ gpus: 8, memory: h200 }], 420 * gib)).toEqual([]);
    expect(
      of(
        [
          { gpus: 8, memory: h100 },
          { gpus: 8, memory: undefined },
        ],
        420 * gib,
      ),
    ).toEqual([]);
    expect(
      of(
        [
          { gpus: 2, memory: h200 },
          { gpus: 8, memory: h100 },
        ],
        420 * gib,
      ),
    ).toHaveLength(1);
  });

  it("reads GPUs and their memory from nodes", () => {
    const node = (allocatable: Record<string, string>, labels: Record<string, string>) =>
      ({ apiVersion: "v1", kind: "Node", metadata: { name: "n", labels }, status: { allocatable } }) as const;
    const nodes = [
      node({ "nvidia.com/gpu": "8" }, { "nvidia.com/gpu.memory": "143771" }),
      node({ "nvidia.com/gpu": "4" }, {}),
      node({ cpu: "8" }, {}),
    ];
    expect(gpuNodesOf(nodes)).toEqual([
      { gpus: 8, memory: 143_771 * 2 ** 20 },
      { gpus: 4, memory: undefined },
    ]);
  });
});

describe("liveFindings", () => {
  it("tells when scheme or group would make a new load balancer", () => {
    const { values: live } = renderValues(wanted());
    const moved = renderValues(wanted({ ingress: { ...wanted().ingress, scheme: "internal", groupName: "other" } }));
    expect(liveFindings(live, live, nowhere)).toEqual([]);
    expect(liveFindings(live, undefined, nowhere)).toEqual([]);
    expect(liveFindings(moved.values, live, nowhere)).toHaveLength(2);
  });
});

describe("refuse", () => {
  const finding = (code: string, level: "error" | "warning") => ({ code, level, happened: `${code}.`, next: "Mend." });

  it("gives warnings back and throws all errors at once, each as a problem of its own", () => {
    expect(refuse([finding("A", "warning")])).toHaveLength(1);
    expect(() => refuse([finding("A", "warning"), finding("B", "error"), finding("C", "error")])).toThrow(
      expect.objectContaining({
        code: "B",
        next: "Mend.",
        problems: [
          { happened: "B.", next: "Mend.", at: undefined },
          { happened: "C.", next: "Mend.", at: undefined },
        ],
      }),
    );
  });
});

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { sampleTags, writeSampleBundle } from "../../../sandbox/sample/bundle.ts";
import { helm } from "../../../sandbox/tools.ts";

const run = promisify(execFile);
const registry = "210987654321.dkr.ecr.us-east-2.amazonaws.com";
const roleArn = "arn:aws:iam::210987654321:role/inference-pod-role";
const annotations = {
  "alb.ingress.kubernetes.io/scheme": "internet-facing",
  "alb.ingress.kubernetes.io/target-type": "ip",
  "alb.ingress.kubernetes.io/listen-ports": '[{"HTTPS":443}]',
  "alb.ingress.kubernetes.io/ssl-redirect": "443",
  "alb.ingress.kubernetes.io/ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
  "alb.ingress.kubernetes.io/group.name": "poolside",
  "alb.ingress.kubernetes.io/certificate-arn": "arn:aws:acm:us-east-2:210987654321:certificate/a",
  "alb.ingress.kubernetes.io/healthcheck-path": "/health",
};
const podSecurityContext = { runAsNonRoot: true, runAsUser: 10003, seccompProfile: { type: "RuntimeDefault" } };

/** The values of the guide's step 6. */
const guide = {
  fullnameOverride: "inference",
  image: { registry },
  serviceAccount: { create: true, annotations: { "eks.amazonaws.com/role-arn": roleArn } },
  podSecurityContext,
  authentication: { secretName: "vllm-auth" },
  ingress: { enabled: true, className: "alb", annotations },
  models: {
    "laguna-m": model("laguna-m", "Laguna", "agent", 4),
    "laguna-xs": model("laguna-xs", "Laguna", "agent_small", 1),
    point: model("point", "Point", "completion", 1),
  },
};

function model(key: string, modelName: string, modelType: string, gpus: number) {
  return { model: `s3://acme/checkpoints/${key}`, modelName, modelType, gpus, ingressHost: `${key}.example.com` };
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly annotations?: object };
  readonly spec: never;
}

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-chart-"));
  writeSampleBundle(join(folder, "bundle"), 0.001);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([3, 4] as const)("the sample's chart under helm %i", (major) => {
  async function render(values: object, release = "inference"): Promise<readonly Manifest[]> {
    const path = join(folder, `values-${major}.yaml`);
    writeFileSync(path, stringify(values));
    const chart = join(folder, "bundle", "charts", "inference");
    const args = ["template", release, chart, "--namespace", "poolside-models", "--values", path];
    const { stdout } = await run(await helm(major), args, { env: { HOME: folder, HELM_NO_PLUGINS: "1" } });
    return parseAllDocuments(stdout).flatMap((document) => (document.toJS() as Manifest | null) ?? []);
  }

  const names = (manifests: readonly Manifest[], kind: string) =>
    manifests.filter((manifest) => manifest.kind === kind).map(({ metadata }) => metadata.name);
  const one = (manifests: readonly Manifest[], kind: string, name: string) =>
    manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);

  it("makes a Deployment, a Service and an Ingress named inference-<key> for each model", async () => {
    const manifests = await render(guide);
    const expected = ["inference-laguna-m", "inference-laguna-xs", "inference-point"];
    for (const kind of ["Deployment", "Service", "Ingress"]) expect(names(manifests, kind)).toEqual(expected);
    expect(manifests.every(({ metadata }) => metadata.namespace === "poolside-models")).toBe(true);
  });

  it("honours every value of the guide's example", async () => {
    const manifests = await render(guide);
    expect(one(manifests, "ServiceAccount", "inference")?.metadata.annotations).toEqual({
      "eks.amazonaws.com/role-arn": roleArn,
    });
    const image = `${registry}/atlas:${sampleTags.atlas}`;
    expect(one(manifests, "Deployment", "inference-laguna-m")?.spec).toMatchObject({
      template: {
        spec: {
          serviceAccountName: "inference",
          securityContext: podSecurityContext,
          tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
          initContainers: [{ name: "model-downloader", image, args: ["s3://acme/checkpoints/laguna-m", "/models"] }],
          containers: [
            {
              name: "inference",
              image,
              env: expect.arrayContaining([
                {
                  name: "VLLM_API_KEY",
                  valueFrom: { secretKeyRef: { name: "vllm-auth", key: "VLLM_API_KEY" } },
                },
              ]),
              args: expect.arrayContaining(["--served-model-name=Laguna"]),
              readinessProbe: { httpGet: { path: "/health" } },
              resources: { limits: { "nvidia.com/gpu": "4" } },
            },
          ],
        },
      },
    });
    const ingress = one(manifests, "Ingress", "inference-point");
    expect(ingress?.metadata.annotations).toEqual(annotations);
    expect(ingress?.spec).toMatchObject({ ingressClassName: "alb", rules: [{ host: "point.example.com" }] });
  });

  it("uses a service account that exists, static credentials, and no key where none is asked for", async () => {
    const manifests = await render({
      ...guide,
      serviceAccount: { create: false, name: "shared" },
      s3: { secretName: "aws-credentials" },
      authentication: { secretName: "" },
    });
    expect(names(manifests, "ServiceAccount")).toEqual([]);
    const spec = one(manifests, "Deployment", "inference-point")?.spec;
    expect(spec).toMatchObject({
      template: {
        spec: {
          serviceAccountName: "shared",
          initContainers: [{ envFrom: [{ secretRef: { name: "aws-credentials" } }] }],
        },
      },
    });
    expect(JSON.stringify(spec)).not.toContain("VLLM_API_KEY");
  });

  it("routes a model's further hosts, and leaves Ingresses out where they are off", async () => {
    const models = { point: { ...guide.models.point, extraHosts: ["p.example.com"] } };
    const hosts = one(await render({ ...guide, models }), "Ingress", "inference-point")?.spec;
    expect(hosts).toMatchObject({ rules: [{ host: "point.example.com" }, { host: "p.example.com" }] });
    expect(names(await render({ ...guide, ingress: { enabled: false } }), "Ingress")).toEqual([]);
  });

  it("deploys the documentation only when asked", async () => {
    const manifests = await render({ ...guide, docs: { enabled: true, ingressHost: "docs.example.com" } });
    expect(JSON.stringify(one(manifests, "Deployment", "inference-docs"))).toContain(
      `${registry}/public-docs:${sampleTags.docs}`,
    );
    expect(one(manifests, "Ingress", "inference-docs")?.spec).toMatchObject({ rules: [{ host: "docs.example.com" }] });
    expect(one(await render(guide), "Deployment", "inference-docs")).toBeUndefined();
  });

  it("names objects after the release where fullnameOverride is empty", async () => {
    const values = { ...guide, fullnameOverride: "" };
    expect(names(await render(values, "acme"), "ServiceAccount")).toEqual(["acme-inference"]);
    expect(names(await render(values, "inference"), "ServiceAccount")).toEqual(["inference"]);
  });

  it.each([
    ["a registry that is missing", { ...guide, image: {} }, /image\.registry is required/],
    ["an unknown key", { ...guide, ingres: {} }, /ingres/],
    ["a model type that is none", { ...guide, models: { point: model("point", "P", "chat", 1) } }, /modelType/],
    ["GPUs as text", { ...guide, models: { point: { ...guide.models.point, gpus: "1" } } }, /gpus/],
    [
      "a host that is missing",
      { ...guide, models: { point: { ...guide.models.point, ingressHost: undefined } } },
      /models\.point\.ingressHost is required/,
    ],
  ])("refuses %s", async (_what, values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });
});

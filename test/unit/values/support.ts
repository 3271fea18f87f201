import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parse } from "yaml";
import { sampleTags } from "../../../sandbox/sample/bundle.ts";
import { type Chart, chartOf } from "../../../src/bundle/chart.ts";
import type { Wanted } from "../../../src/values/render.ts";

const root = join(import.meta.dirname, "../../..");

/** The example of the guide's step 6, with its placeholders filled. */
export const guideValues: Readonly<Record<string, unknown>> = parse(
  readFileSync(join(import.meta.dirname, "guide-values.yaml"), "utf8"),
);

export const registry = "210987654321.dkr.ecr.us-east-2.amazonaws.com";
export const certificateArn = "arn:aws:acm:us-east-2:210987654321:certificate/0f1e2d3c";
export const roleArn = "arn:aws:iam::210987654321:role/inference-pod-role";

/** What leads to the guide's example. */
export function wanted(over: Partial<Wanted> = {}): Wanted {
  const model = (key: string, modelName: string, modelType: string, gpus: number) => ({
    key,
    prefix: undefined,
    modelName,
    modelType,
    gpus,
    host: `${key}.dev.example.com`,
    extraHosts: [],
    values: {},
  });
  return {
    registry,
    identity: {
      serviceAccount: { create: true, name: "inference", annotations: { "eks.amazonaws.com/role-arn": roleArn } },
    },
    authenticationSecret: "vllm-auth",
    ingress: {
      scheme: "internet-facing",
      groupName: "poolside",
      certificateArn,
      httpRedirect: false,
      annotations: {},
    },
    docs: { enabled: false, host: undefined },
    models: [
      model("laguna-m", "Laguna", "agent", 4),
      model("laguna-xs", "Laguna", "agent_small", 1),
      model("point", "Point", "completion", 1),
    ],
    prefixes: Object.fromEntries(
      ["laguna-m", "laguna-xs", "point"].map((key) => [key, `s3://acme-models-dev/checkpoints/${key}`]),
    ),
    untouched: {},
    values: {},
    ...over,
  };
}

/** The sample's chart, with files replaced or added. */
export function sampleChart(over: Readonly<Record<string, string>> = {}): Chart {
  const folder = join(root, "sandbox/sample/chart/inference");
  const files = new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path), readFileSync(path)] as const),
  );
  const values = files.get("values.yaml")!.toString("utf8");
  files.set(
    "values.yaml",
    Buffer.from(values.replace("@ATLAS_TAG@", sampleTags.atlas).replace("@DOCS_TAG@", sampleTags.docs)),
  );
  for (const [path, content] of Object.entries(over)) files.set(path, Buffer.from(content));
  return chartOf(files, "sample");
}

export const nowhere = () => undefined;

import { writeFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Contract } from "../action/contract.ts";
import { text } from "../action/inputs.ts";
import { actionNames } from "../action-names.ts";
import { openFolder } from "../bundle/open-chart.ts";
import { UserError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { readAmbient } from "../runner/ambient.ts";
import { explainKey } from "../spec/explain.ts";
import { firstSpec, type GuessedModel } from "../spec/init.ts";
import { defaultSpecFile, loadSpec } from "../spec/load.ts";
import { type Parsed, parseFlags } from "./flags.ts";
import type { CliIo, LoadAction } from "./io.ts";
import { usage } from "./usage.ts";

const inputs: Contract["inputs"] = {
  spec: text({ description: "Release spec.", default: defaultSpecFile, example: "deploy/eks-deploy.yaml" }),
  environment: text({ description: "Overlay of the spec.", example: "staging" }),
  bundle: text({ description: "Folder of the extracted bundle, for `spec init`.", example: "./poolside-2611" }),
  "aws-region": text({ description: "AWS region, for `spec init`.", example: "us-east-2" }),
  output: text({ description: "Where `spec init` writes.", default: defaultSpecFile, example: "eks-deploy.yaml" }),
};

const verbs = {
  init: specInit,
  check: specCheck,
  explain: specExplain,
} as const;

const help = `Usage: eks-deploy spec init [--bundle folder] [--aws-region region] [--output file]
       eks-deploy spec check [--spec file] [-e environment]
       eks-deploy spec explain <key> [--spec file] [-e environment]`;

/** `eks-deploy spec ...`: nothing here talks to AWS or a cluster. */
export async function runSpec(args: readonly string[], load: LoadAction, io: CliIo): Promise<number> {
  const parsed = parseFlags(args, inputs, io.env);
  const [, verb, ...rest] = parsed.words;
  if (parsed.help) {
    io.stdout.write(`${help}\n`);
    return 0;
  }
  if (verb === undefined || !Object.hasOwn(verbs, verb)) {
    const near = verb && nearest(verb, Object.keys(verbs));
    throw usage(
      verb ? `There is no command spec ${verb}.` : "spec needs to know what to do.",
      near ? `Did you mean: eks-deploy spec ${near}` : help,
    );
  }
  const lines = await verbs[verb as keyof typeof verbs](parsed, rest, load, io);
  io.stdout.write(`${lines.join("\n")}\n`);
  return 0;
}

async function specInit({ inputs }: Parsed, rest: readonly string[], _: LoadAction, io: CliIo) {
  if (rest.length > 0) throw usage(`${rest[0]} is neither an option nor its value.`, help);
  const ambient = readAmbient(io.env, () => {});
  const bundle = inputs["bundle"] ?? "./bundle";
  const models = inputs["bundle"] === undefined ? [] : await modelsIn(resolve(io.folder, bundle), bundle);
  const region = inputs["aws-region"] ?? ambient.region ?? "us-east-2";
  const file = inputs["output"] ?? defaultSpecFile;
  try {
    await writeFile(resolve(io.folder, file), firstSpec({ bundle, region, models }), { flag: "wx" });
  } catch (cause) {
    throw new UserError("CLI_SPEC_EXISTS", {
      happened:
        (cause as NodeJS.ErrnoException).code === "EEXIST"
          ? `${file} is there already; it was not changed.`
          : `${file} cannot be written: ${(cause as Error).message}`,
      next: "Give another place: --output <file>",
      cause,
    });
  }
  const found = models.length > 0 ? `, with the models ${models.map(({ key }) => key).join(", ")}` : "";
  return [`Wrote ${file}${found}.`, `Fill in account, bucket, certificate and hosts, then run: eks-deploy spec check`];
}

/** The models that the chart of a bundle's folder has in its values. */
async function modelsIn(folder: string, label: string): Promise<readonly GuessedModel[]> {
  const chart = await openFolder(folder, label).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") throw cause;
    throw usage(`--bundle names ${label}, which is no folder.`, "Extract the bundle, and give its folder.");
  });
  const models = chart.values["models"];
  if (typeof models !== "object" || models === null) return [];
  return Object.entries(models as Readonly<Record<string, Readonly<Record<string, unknown>> | null>>).map(
    ([key, values]) => ({
      key,
      modelName: String(values?.["modelName"] ?? key),
      modelType: String(values?.["modelType"] ?? "agent"),
      gpus: typeof values?.["gpus"] === "number" ? values["gpus"] : undefined,
    }),
  );
}

async function specCheck({ inputs }: Parsed, rest: readonly string[], _: LoadAction, io: CliIo) {
  if (rest.length > 0) throw usage(`${rest[0]} is neither an option nor its value.`, help);
  const spec = await openSpec(inputs, io);
  if (!spec) throw noSpec(io);
  const names = spec.environments.length > 0 ? `environments ${spec.environments.join(", ")}` : "no environments";
  return [`${spec.file} is valid: ${names}.`];
}

async function specExplain({ inputs }: Parsed, [key, ...rest]: readonly string[], load: LoadAction, io: CliIo) {
  if (key === undefined || rest.length > 0) throw usage("spec explain takes one key.", help);
  const spec = await openSpec(inputs, io);
  return explainKey(key, spec?.resolved, await inputFor(key, load));
}

/** The input that a key of the spec fills, in whichever action has one. */
async function inputFor(key: string, load: LoadAction): Promise<string | undefined> {
  const loaded = await Promise.all(actionNames.map(load));
  const inputs = loaded.flatMap(({ contract }) => Object.entries(contract.inputs as Contract["inputs"]));
  return inputs.find(([, { spec }]) => spec === key)?.[0];
}

function openSpec(given: Parsed["inputs"], io: CliIo) {
  const ambient = { ...readAmbient(io.env, () => {}), workspace: io.folder };
  return loadSpec(given["spec"], given["environment"], { ambient });
}

function noSpec(io: CliIo): UserError {
  return usage(`${basename(io.folder)} has no ${defaultSpecFile}.`, "Write one: eks-deploy spec init");
}

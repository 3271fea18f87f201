import { stringify } from "yaml";
import { keyRule } from "./explain.ts";
import { specId } from "./schema.ts";

/** What is known when a first spec is written. */
export interface FirstSpec {
  /** Bundle as the user names it. */
  readonly bundle: string;
  readonly region: string;
  /** Keys of the models, as far as they can be guessed from the chart's values. */
  readonly models: readonly GuessedModel[];
}

export interface GuessedModel {
  readonly key: string;
  readonly modelName: string;
  readonly modelType: string;
  /** Never guessed where the chart does not say it: the number differs between deployments. */
  readonly gpus: number | undefined;
}

/** Sections that a first release does not need; they are written as comments, with their meaning. */
const later = [
  "cluster",
  "namespace",
  "release",
  "records",
  "identity",
  "authentication",
  "deploy",
  "docs",
  "smoke",
  "values",
];

/** A first spec: what must be filled in stands there with a placeholder, everything else is a comment. Valid as it is written. */
export function firstSpec(known: FirstSpec): string {
  const models = Object.fromEntries(
    known.models.map(({ key, modelName, modelType, gpus }) => [
      key,
      { checkpoint: `./${key}.tar`, modelName, modelType, ...(gpus ? { gpus } : {}), host: `${key}.example.com` },
    ]),
  );
  const blocks = [
    block("aws", { region: known.region }, ["account"]),
    block("images", { bundle: known.bundle }, []),
    block("checkpoints", { bucket: "acme-models" }, []),
    block("ingress", { scheme: "internal" }, ["certificateArn", "httpRedirect"]),
    block("models", models, []),
    ...later.map((key) => comment(key)),
  ];
  return `# yaml-language-server: $schema=${specId}\nversion: 1\ndefaults:\n${indented(blocks.join("\n"), "  ")}\nenvironments:\n  dev: {}\n`;
}

/** A section with what is known of it, and comments for keys that are likely to follow. */
function block(key: string, value: Readonly<Record<string, unknown>>, hints: readonly string[]): string {
  const lines = hints.map((hint) => {
    const rule = keyRule(`${key}.${hint}`);
    return `  # ${hint}: ${JSON.stringify(rule?.example)}  # ${rule?.description}`;
  });
  return [`# ${keyRule(key)?.description}`, stringify({ [key]: value }).trimEnd(), ...lines].join("\n");
}

function comment(key: string): string {
  const rule = keyRule(key);
  const example = rule?.default ?? rule?.example;
  return `# ${rule?.description}\n# ${key}: ${JSON.stringify(example)}`;
}

function indented(text: string, by: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? line : by + line))
    .join("\n");
}

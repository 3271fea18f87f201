import { choice, duration, flag, free, integer, list, named, section, type TypeOf, text, textMap } from "./builders.ts";
import { patterns } from "./patterns.ts";

/** One model, as far as a layer says it. */
export const model = section(
  {
    description: "One model: a Deployment, a Service and an Ingress of its own.",
    examples: [
      {
        checkpoint: "s3://acme-intake/laguna_m_2611.tar",
        modelName: "Laguna",
        modelType: "agent",
        gpus: 4,
        host: "laguna-m.dev.example.com",
      },
    ],
  },
  {
    checkpoint: text({
      description:
        "Source that is synced: `.tar`, folder, `s3://...`, or `env:NAME` with a presigned URL. Either this or prefix.",
      examples: ["s3://acme-intake/laguna_m_2611.tar", "env:LAGUNA_URL"],
    }),
    prefix: text(
      {
        description: "S3 prefix that is already there. Either this or checkpoint.",
        examples: ["s3://acme-models-dev/checkpoints/point/"],
      },
      { pattern: patterns.s3Place },
    ),
    modelName: text({ description: "Name that clients send as `model`.", examples: ["Laguna"] }),
    modelType: choice(["agent", "agent_small", "completion"], {
      description: "Default serving arguments; Poolside says which.",
      examples: ["agent"],
    }),
    gpus: integer(1, 64, { description: "GPUs that the model is spread over: 1, 2, 4 or 8.", examples: [4] }),
    host: text({
      description: "Host name of the model; unique, and covered by the certificate.",
      examples: ["laguna-m.dev.example.com"],
    }),
    extraHosts: list({
      description: "Further host names of the model.",
      examples: [["laguna.example.com"]],
      default: [],
    }),
    values: free({
      description: "Further chart values of this model.",
      examples: [{ extraArgs: ["--max-num-seqs=64"] }],
      default: {},
    }),
  },
);

/** A model of a resolved spec. */
export type ModelSpec = TypeOf<typeof model>;

export const models = named(
  patterns.label,
  {
    description: "The models, by key; the key becomes part of object names.",
    examples: [{ point: { modelName: "Point" } }],
  },
  model,
);

export const smoke = section(
  { description: "How the models are proven.", examples: [{ thresholds: { "first-token-ms": 2000 }, samples: 5 }] },
  {
    deadline: duration({
      description: "How long to wait for DNS, connections and readiness.",
      examples: ["15m"],
      default: "15m",
    }),
    thresholds: section(
      { description: "Bounds on medians.", examples: [{ "first-token-ms": 2000 }] },
      {
        "first-token-ms": threshold("Milliseconds to the first token, at most.", 2000),
        "tokens-per-second": threshold("Tokens per second, at least.", 30),
        "total-ms": threshold("Milliseconds of a whole answer, at most.", 20_000),
      },
    ),
    samples: integer(1, 50, { description: "Streamed answers per model.", examples: [5], default: 5 }),
    maxRegression: integer(1, 1_000, {
      description: "Percent that a median may be worse than the baseline.",
      examples: [25],
    }),
    baseline: text({ description: "`latest` proven record, a record, or a report.", examples: ["latest"] }),
    prompt: text({ description: "What the models are asked.", examples: ["Write a function that reverses a string."] }),
    expect: textMap({
      description: "Regular expression by model type that an answer must match.",
      examples: [{ agent: "def " }],
    }),
    expectAuth: choice(["auto", "true", "false", true, false], {
      description: "Whether requests without the key must be refused.",
      examples: ["auto"],
      default: "auto",
    }),
    tools: flag({ description: "Also ask for a tool call.", examples: [true], default: false }),
    failOnOpenPaths: choice(["completions", "all", "none"], {
      description: "Which unguarded paths fail the test.",
      examples: ["completions"],
      default: "completions",
    }),
    caCertificate: text({ description: "File with an extra trusted root.", examples: ["root.pem"] }),
  },
);

function threshold(description: string, example: number) {
  return { json: { type: ["number", "null"], exclusiveMinimum: 0, description, examples: [example] } };
}

export const promotion = section(
  { description: "What may be promoted into this environment.", examples: [{ from: "staging", minSoak: "24h" }] },
  {
    from: text({ description: "Environment that must have proven it.", examples: ["staging"] }),
    minSoak: duration({ description: "Green smoke tests for at least that long.", examples: ["24h"] }),
    maxAge: duration({ description: "Oldest record that is taken.", examples: ["14d"] }),
    copy: choice(["auto", "server", "stream"], {
      description: "How bytes are copied between accounts.",
      examples: ["auto"],
      default: "auto",
    }),
  },
);

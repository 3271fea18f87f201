import { clusterInputs, commonInputs, commonOutputs, releaseInputs } from "../../action/common.ts";
import { defineContract, InputProblem } from "../../action/contract.ts";
import { choice, data, duration, flag, integer, map, secret, text } from "../../action/inputs.ts";
import { flagOutput, jsonOutput } from "../../action/outputs.ts";
import { asTextMap } from "../../action/structured.ts";
import type { ModelResult } from "../../smoke/check.ts";
import type { Thresholds } from "../../smoke/settings.ts";
import { asTargets, modelTypes } from "../../smoke/target.ts";

const thresholdNames = ["first-token-ms", "tokens-per-second", "total-ms"] as const;

function asThresholds(value: unknown): Thresholds {
  const map = (value ?? {}) as Record<string, unknown>;
  for (const [name, limit] of Object.entries(map)) {
    if (!thresholdNames.includes(name as never))
      throw new InputProblem(`has no threshold ${name}; there are ${thresholdNames.join(", ")}`);
    if (!(Number(limit) > 0))
      throw new InputProblem(`gives ${name} the value "${String(limit)}"; it must be a number above 0`);
  }
  return Object.fromEntries(Object.entries(map).map(([name, limit]) => [name, Number(limit)]));
}

function asExpectations(raw: unknown): Readonly<Record<string, string>> {
  const expectations = asTextMap(raw);
  for (const [type, pattern] of Object.entries(expectations)) {
    if (!modelTypes.includes(type as never))
      throw new InputProblem(`has no model type ${type}; there are ${modelTypes.join(", ")}`);
    try {
      new RegExp(pattern, "s");
    } catch (thrown) {
      throw new InputProblem(`gives ${type} no regular expression: ${(thrown as Error).message}`);
    }
  }
  return expectations;
}

/** Host name or IP, with an optional port; an IPv6 address with a port stands in brackets. Empty: not known yet. What is none would be asked for until the deadline. */
const address = /^$|^[\w.-]+(:\d{1,5})?$|^\[[\da-f:.]+\](:\d{1,5})?$|^[\da-f]*:[\da-f:.]+$/i;

function asAddresses(raw: unknown): Readonly<Record<string, string>> {
  const addresses = asTextMap(raw);
  for (const [host, given] of Object.entries(addresses))
    if (!address.test(given))
      throw new InputProblem(
        `gives ${host} the address "${given}"; it must be a host or an IP, with an optional port, one host=address a line`,
      );
  return addresses;
}

export const contract = defineContract({
  name: "smoke-test",
  title: "Poolside on EKS: smoke test",
  description: "Prove that people can use the models: TLS, health, key, a real answer, streaming, timings.",
  inputs: {
    models: data(asTargets, {
      required: true,
      description: "Models to test: the list `rendered-models`, or a map by key with host, modelName and modelType.",
      report: "render-values.rendered-models",
      spec: "models",
    }),
    "api-key": secret({ description: "API key of the model servers.", example: "${{ secrets.VLLM_API_KEY }}" }),
    "api-key-from": text({
      description: "Where the key is kept instead: `secretsmanager:<arn>#<key>` or `ssm:<name>`.",
      spec: "authentication.keyFrom",
    }),
    ...clusterInputs(false),
    ...releaseInputs,
    deadline: duration({
      default: "15m",
      description: "How long to wait for DNS, connections, 502, 503, 504 and /health.",
      spec: "smoke.deadline",
    }),
    resolve: {
      ...map({
        description:
          "Address by host, with an optional port: ask the load balancer before DNS exists. Name and certificate are still checked.",
        example: "laguna-m.dev.example.com=internal-k8s-poolside-1.us-east-2.elb.amazonaws.com",
        report: "helm-deploy.addresses",
      }),
      parse: asAddresses,
    },
    "ca-certificate": text({
      description: "Extra trusted root: a PEM file, or PEM text.",
      spec: "smoke.caCertificate",
    }),
    "expect-auth": choice(["auto", "true", "false"], {
      default: "auto",
      description: "Whether requests without the key must be refused; auto: where a key is given.",
      spec: "smoke.expectAuth",
    }),
    prompt: text({
      default: "Write a function that reverses a string.",
      description: "What the models are asked.",
      spec: "smoke.prompt",
    }),
    expect: {
      ...map({
        description: "Regular expression by model type that an answer must match.",
        example: "agent=def |function ",
        spec: "smoke.expect",
      }),
      parse: asExpectations,
    },
    tools: flag({ default: "false", description: "Ask agent models to call a tool as well.", spec: "smoke.tools" }),
    thresholds: data(asThresholds, {
      default: "{}",
      description: "Bounds on medians: first-token-ms, tokens-per-second, total-ms.",
      spec: "smoke.thresholds",
    }),
    samples: integer({
      min: 1,
      max: 50,
      default: "5",
      description: "Streamed answers per model; medians are judged.",
      spec: "smoke.samples",
    }),
    baseline: text({
      default: "latest",
      description:
        "Timings to compare with: `latest` (the latest proven record), the SHA-256 of a record, or a record or report file.",
      spec: "smoke.baseline",
    }),
    "max-regression": integer({
      min: 1,
      max: 1_000,
      description: "Percent by which a median may be worse than the baseline's before a model counts as degraded.",
      spec: "smoke.maxRegression",
    }),
    "fail-on-open-paths": choice(["completions", "all", "none"], {
      default: "completions",
      description:
        "Which paths that the key does not guard fail the test: those that answer a model request, all, or none; the rest are warnings.",
      spec: "smoke.failOnOpenPaths",
    }),
    ...commonInputs("plan"),
  },
  outputs: {
    passed: flagOutput("`true` or `false`; empty when skipped."),
    results: jsonOutput<Readonly<Record<string, ModelResult>>>("Results by model (JSON)."),
    ...commonOutputs,
  },
});

/** Kept here, so that the flag above stays the only place that says what `auto` means. */
export function authExpected(choiceOf: "auto" | "true" | "false", hasKey: boolean): boolean {
  return choiceOf === "auto" ? hasKey : choiceOf === "true";
}

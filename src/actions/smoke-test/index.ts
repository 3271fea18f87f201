import type { Action, Verdict } from "../../action/action.ts";
import type { Inputs, Outputs } from "../../action/contract.ts";
import { count } from "../../action/describe.ts";
import type { Plan } from "../../action/plan.ts";
import type { Secret } from "../../action/secret.ts";
import { UserError } from "../../errors.ts";
import { apiKey } from "../../facts/api-key.ts";
import { earlierResults } from "../../facts/baseline.ts";
import type { Inside } from "../../smoke/backend.ts";
import type { ModelResult } from "../../smoke/check.ts";
import { openInside, otherRun } from "../../smoke/inside.ts";
import type { Baseline } from "../../smoke/regression.ts";
import { smokeBlocks, smokeFailure, smokeHeadline, smokeWarnings } from "../../smoke/report.ts";
import { type SmokeSettings, usualPatience } from "../../smoke/settings.ts";
import type { Target } from "../../smoke/target.ts";
import { testModels, trustedRoots } from "../../smoke/test-models.ts";
import { authExpected, contract } from "./contract.ts";

type Contract = typeof contract;

/** What the test talks with: the key, the roots that it trusts, and the cluster where it is reached (else why not). */
interface Means {
  readonly key: Secret | undefined;
  readonly roots: readonly string[];
  readonly inside: Inside | string;
}

interface Observed extends Means {
  readonly baseline: Baseline | undefined;
}

interface Work {
  readonly targets: readonly Target[];
  readonly settings: SmokeSettings;
  readonly release: string;
}

/** smoke-test: verify only; it plans and writes nothing. */
export const smokeTest: Action<Contract, Means, Observed, Work, void> = {
  contract,
  async connect(inputs, ctx) {
    if (chosen(inputs).length === 0) {
      throw new UserError("SMOKE_NO_MODELS", {
        happened:
          inputs.only.length > 0 ? `None of the models is ${inputs.only.join(" or ")}.` : "No models were given.",
        next: "Give models (the output rendered-models of render-values), or a spec with models.",
      });
    }
    const roots = await trustedRoots(inputs.caCertificate, ctx);
    const [key, inside] = await Promise.all([apiKey(inputs, ctx), openInside(inputs, ctx)]);
    return { key, roots, inside };
  },
  async observe(inputs, means, ctx) {
    const earlier = await earlierResults(inputs, ctx);
    return { ...means, baseline: earlier && { label: earlier.label, timings: timingsIn(earlier.results) } };
  },
  plan(inputs, means): Plan<Work, Outputs<Contract>> {
    const targets = chosen(inputs);
    return {
      changes: [],
      endState: {},
      outputs: {},
      work: { targets, settings: settingsOf(inputs, means), release: inputs.release },
    };
  },
  apply: async () => undefined,
  async verify(plan, _applied, { inside }, ctx): Promise<Verdict<Outputs<Contract>>> {
    const { targets, settings, release } = plan.work;
    const holder = await otherRun(inside, release, ctx);
    if (holder) {
      ctx.log.info(`Skipped: the release ${release} is in progress (${holder})`);
      return { outputs: {} as Outputs<Contract>, outcome: "skipped" };
    }
    const results = await testModels(targets, settings, inside, ctx);
    const failed = results.filter((result) => result.verdict === "fail");
    for (const warning of smokeWarnings(results)) ctx.log.finding(warning);
    const outputs = {
      passed: failed.length === 0,
      results: Object.fromEntries(results.map((result) => [result.key, result])),
    };
    return {
      outputs: outputs as unknown as Outputs<Contract>,
      failure: failed.length > 0 ? smokeFailure(failed, results.length) : undefined,
    };
  },
  report(finished) {
    const results = Object.values(finished.outputs?.results ?? {});
    if (results.length > 0)
      return { headline: smokeHeadline(results), blocks: smokeBlocks(results, finished.observed?.baseline) };
    if (finished.outcome === "skipped") return { headline: "Smoke test skipped: release in progress.", blocks: [] };
    if (finished.dryRun)
      return { headline: `${count(finished.plan?.work.targets.length ?? 0, "model")} would be tested.`, blocks: [] };
    return {
      headline: `No model was tested: ${finished.failure?.happened.split("\n")[0] ?? "nothing to do"}`,
      blocks: [],
    };
  },
  async close({ inside }) {
    if (typeof inside !== "string") inside.cluster.close();
  },
};

function chosen(inputs: Inputs<Contract>): readonly Target[] {
  return inputs.models.filter((target) => inputs.only.length === 0 || inputs.only.includes(target.key));
}

function settingsOf(inputs: Inputs<Contract>, means: Observed): SmokeSettings {
  return {
    key: means.key,
    roots: means.roots,
    expectAuth: authExpected(inputs.expectAuth, means.key !== undefined),
    deadline: inputs.deadline,
    patience: usualPatience,
    resolve: inputs.resolve,
    prompt: inputs.prompt,
    expect: inputs.expect,
    samples: inputs.samples,
    thresholds: inputs.thresholds,
    tools: inputs.tools,
    baseline: means.baseline,
    maxRegression: inputs.maxRegression,
    openPaths: inputs.failOnOpenPaths,
  };
}

function timingsIn(results: Readonly<Record<string, unknown>>): Baseline["timings"] {
  const entries = Object.entries(results as Readonly<Record<string, Partial<ModelResult>>>);
  return Object.fromEntries(entries.flatMap(([key, { timings }]) => (timings ? [[key, timings]] : [])));
}

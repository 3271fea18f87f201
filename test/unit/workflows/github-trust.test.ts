import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { conditionHolds } from "../../../sandbox/aws/policy/conditions.ts";
import { type Condition, readPolicy } from "../../../sandbox/aws/policy/document.ts";
import { contextOf } from "../../../sandbox/aws/policy/evaluate.ts";
import { blocksOf } from "./documents.ts";
import { interpolate } from "./expressions.ts";
import { type Job, workflowOf } from "./files.ts";

interface Template {
  readonly Parameters: Readonly<Record<string, { readonly Default?: string }>>;
  readonly Resources: Readonly<
    Record<string, { readonly Properties: { readonly AssumeRolePolicyDocument?: unknown } }>
  >;
}

const template = parse(blocksOf("docs/github-oidc.md").find(({ language }) => language === "yaml")!.text) as Template;
const provider = "arn:aws:iam::210987654321:oidc-provider/token.actions.githubusercontent.com";
const values: Readonly<Record<string, string>> = {
  GitHub: provider,
  ...Object.fromEntries(Object.entries(template.Parameters).map(([name, { Default = "" }]) => [name, Default])),
};

/** What CloudFormation makes of `Ref` and `Fn::Sub`. */
function resolved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolved);
  if (typeof value !== "object" || value === null) return value;
  const { Ref: reference, "Fn::Sub": pattern } = value as Record<string, unknown>;
  if (typeof reference === "string") return values[reference];
  if (typeof pattern === "string") return pattern.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => values[name]!);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner)]));
}

type RoleName = "Plan" | "Transfer" | "Deploy";

interface Claims {
  readonly sub: string;
  readonly repository_id: string;
  readonly environment?: string | undefined;
  readonly job_workflow_ref: string;
}

/** Whether the documented role lets a job with these claims in. */
function lets(role: RoleName, claims: Claims): boolean {
  const document = resolved(template.Resources[role]!.Properties.AssumeRolePolicyDocument);
  const host = "token.actions.githubusercontent.com";
  const told = { aud: "sts.amazonaws.com", ...claims };
  const context = contextOf(
    Object.fromEntries(Object.entries(told).map(([name, value]) => [`${host}:${name}`, value])),
  );
  return readPolicy(JSON.stringify(document), "trust").some(({ conditions }) =>
    conditions.every((condition: Condition) => conditionHolds(condition, context).holds),
  );
}

const inputs = { environment: "dev", to: "dev", "github-environment": "", "unattended-environment": "dev-unattended" };

/** The claims of a workflow's job, called from a repository of acme. */
function claimsOf(workflow: string, job: Job, over: Partial<Claims> = {}): Claims {
  const { name } = job.environment as { readonly name: string };
  const environment = String(interpolate(name, { inputs }));
  return {
    sub: `repo:acme/models:environment:${environment}`,
    repository_id: "5678",
    environment,
    job_workflow_ref: `poolside/eks-deploy/.github/workflows/${workflow}.yml@refs/tags/v1`,
    ...over,
  };
}

const roleOf: Readonly<Record<string, RoleName>> = {
  "release plan": "Plan",
  "release push-images": "Transfer",
  "release sync-checkpoints": "Transfer",
  "release deploy": "Deploy",
  "promote plan": "Plan",
  "promote promote": "Deploy",
  "plan plan": "Plan",
  "smoke smoke": "Plan",
};

describe("the roles of docs/github-oidc.md", () => {
  it.each(Object.entries(roleOf))("let the job %s have the role %s", (place, role) => {
    const [workflow = "", job = ""] = place.split(" ");
    expect(lets(role, claimsOf(workflow, workflowOf(`.github/workflows/${workflow}.yml`).jobs[job]!))).toBe(true);
  });

  it.each(Object.entries(roleOf).filter(([, role]) => role !== "Deploy"))(
    "keep the role Deploy from the job %s",
    (place) => {
      const [workflow = "", job = ""] = place.split(" ");
      expect(lets("Deploy", claimsOf(workflow, workflowOf(`.github/workflows/${workflow}.yml`).jobs[job]!))).toBe(
        false,
      );
    },
  );

  it("let one smoke test have the role Plan of several environments", () => {
    const job = workflowOf(".github/workflows/smoke.yml").jobs["smoke"]!;
    const over = { sub: "repo:acme/models:environment:smoke", environment: "smoke" };
    expect(lets("Plan", claimsOf("smoke", job, over))).toBe(true);
    for (const role of ["Transfer", "Deploy"] as const) expect(lets(role, claimsOf("smoke", job, over))).toBe(false);
  });

  const deploy = workflowOf(".github/workflows/release.yml").jobs["deploy"]!;

  it.each<[string, Partial<Claims>]>([
    [
      "another workflow of the same repository",
      { job_workflow_ref: "acme/models/.github/workflows/test.yml@refs/heads/main" },
    ],
    [
      "another version of our workflow",
      { job_workflow_ref: "poolside/eks-deploy/.github/workflows/release.yml@refs/heads/try" },
    ],
    [
      "another repository whose name begins alike",
      { sub: "repo:acme/models-fork:environment:dev", repository_id: "9999" },
    ],
    ["a job without an environment", { sub: "repo:acme/models:ref:refs/heads/main", environment: undefined }],
    ["another environment", { sub: "repo:acme/models:environment:test", environment: "test" }],
  ])("keep every role from %s", (_, over) => {
    for (const role of ["Plan", "Transfer", "Deploy"] as const)
      expect(lets(role, claimsOf("release", deploy, over)), role).toBe(false);
  });

  it("know a repository whose subject has ids in it", () => {
    expect(lets("Deploy", claimsOf("release", deploy, { sub: "repo:acme@1234/models@5678:environment:dev" }))).toBe(
      true,
    );
  });
});

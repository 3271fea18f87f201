import { count } from "../action/describe.ts";
import type { Block } from "../action/summary.ts";
import { recordsText } from "./addresses.ts";
import type { Check } from "./checks/check.ts";
import type { Diagnosis } from "./diagnosis/diagnosis.ts";

/** What the report tells, whatever of it was reached. */
export interface DeployFacts {
  readonly release: string;
  readonly namespace: string;
  readonly dryRun: boolean;
  readonly changes: number;
  readonly status: string | undefined;
  readonly revision: number | undefined;
  readonly rolledBackTo: number | undefined;
  readonly failure: string | undefined;
  readonly models: number;
  /** Set where the run ends with its checks. */
  readonly checks: readonly Check[] | undefined;
}

/** One plain sentence. */
export function deployHeadline(facts: DeployFacts): string {
  const name = `${facts.release} in ${facts.namespace}`;
  const first = facts.failure?.split("\n")[0] ?? "";
  switch (facts.status) {
    case "rolled-back":
      return facts.rolledBackTo
        ? `Deploying ${name} failed and was rolled back to revision ${facts.rolledBackTo}: ${first}`
        : `The first install of ${name} failed and was undone: ${first}`;
    case "rollback-failed":
      return `Deploying ${name} failed, and the rollback failed too: ${first}`;
    case "superseded":
      return `A newer revision of ${name} took over.`;
    case "cancelled":
      return `Deploying ${name} was cancelled.`;
  }
  if (facts.failure) return `${facts.checks ? "Preflight of" : "Deploying"} ${name} failed: ${first}`;
  if (facts.checks) {
    const warnings = facts.checks.filter((check) => check.result === "warn").length;
    return `Preflight of ${name} passed: ${count(facts.checks.length, "check")}, ${count(warnings, "warning")}.`;
  }
  if (facts.dryRun)
    return facts.changes === 0 ? `${name} is as wanted.` : `${name} would get ${count(facts.changes, "change")}.`;
  if (facts.status === "unchanged") return `${name} is as wanted, revision ${facts.revision ?? "?"}.`;
  return `${name} serves ${count(facts.models, "model")}, revision ${facts.revision ?? "?"}.`;
}

/** What of a diagnosis is for others to read. */
export function toldDiagnoses(diagnoses: readonly Diagnosis[]): readonly ToldDiagnosis[] {
  return diagnoses.map(({ object, code, cause, evidence, remedy }) => ({ object, code, cause, evidence, remedy }));
}

type ToldDiagnosis = Pick<Diagnosis, "object" | "code" | "cause" | "evidence" | "remedy">;

/** The action's part of the summary. */
export function deployBlocks(parts: {
  readonly checks: readonly Check[];
  readonly diff: string;
  readonly diagnosis: readonly ToldDiagnosis[];
  readonly addresses: Readonly<Record<string, string>>;
}): readonly Block[] {
  const blocks: Block[] = [];
  if (parts.diagnosis.length > 0)
    blocks.push({
      kind: "table",
      head: ["object", "cause", "evidence", "remedy"],
      rows: parts.diagnosis.map((item) => [item.object, `${item.cause} (${item.code})`, item.evidence, item.remedy]),
    });
  if (Object.keys(parts.addresses).length > 0)
    blocks.push({
      kind: "details",
      title: "DNS records to make",
      blocks: [{ kind: "code", language: "text", text: recordsText(parts.addresses) }],
    });
  if (parts.diff !== "")
    blocks.push({
      kind: "details",
      title: "What changes in the cluster",
      blocks: [{ kind: "code", language: "text", text: parts.diff }],
    });
  if (parts.checks.length > 0)
    blocks.push({ kind: "details", title: "Preflight", blocks: [checksTable(parts.checks)] });
  return blocks;
}

const marks = { pass: "✅", warn: "⚠️", fail: "❌", "not looked at": "–" } as const;

function checksTable(checks: readonly Check[]): Block {
  return {
    kind: "table",
    head: ["", "check", "seen", "remedy"],
    rows: checks.map((check) => [marks[check.result], check.name, check.seen, check.remedy ?? ""]),
  };
}

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";

export const root = resolve(import.meta.dirname, "../../..");

export interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Job {
  readonly name?: string;
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly "runs-on"?: unknown;
  readonly "timeout-minutes"?: number;
  readonly environment?: unknown;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, unknown>>; readonly "fail-fast"?: boolean };
  readonly outputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly steps?: readonly Step[];
  /** A called workflow. */
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<Record<string, string>> | "inherit";
  readonly concurrency?: unknown;
}

export interface Call {
  readonly inputs?: Readonly<
    Record<string, { readonly type: string; readonly default?: unknown; readonly required?: boolean }>
  >;
  readonly secrets?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, { readonly value: string }>>;
}

export interface Workflow {
  readonly name?: string;
  readonly on: { readonly workflow_call?: Call } & Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress"?: unknown; readonly queue?: string };
  readonly jobs: Readonly<Record<string, Job>>;
}

function yamlFiles(folder: string): readonly string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".yml"))
    .sort()
    .map((name) => `${folder}/${name}`);
}

/** Paths of our own workflows. */
export const workflowFiles = yamlFiles(".github/workflows");
/** Paths of the workflows that users start from. */
export const exampleFiles = yamlFiles("workflows-examples");
/** Paths of all action.yml files. */
export const actionFiles = [
  "action.yml",
  ...readdirSync(join(root, "actions")).map((name) => `actions/${name}/action.yml`),
];

export function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

export function workflowOf(path: string): Workflow {
  return parse(textOf(path)) as Workflow;
}

/** Every step of a workflow, with its job's name. */
export function stepsOf(workflow: Workflow): readonly { readonly job: string; readonly step: Step }[] {
  return Object.entries(workflow.jobs).flatMap(([job, { steps = [] }]) => steps.map((step) => ({ job, step })));
}

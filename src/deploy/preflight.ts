import type { Finding } from "../action/context.ts";
import { UserError } from "../errors.ts";
import type { CertificateFacts } from "../facts/certificate.ts";
import type { TypeGpus } from "../facts/instance-gpus.ts";
import type { Seen } from "../facts/looking.ts";
import type { Check } from "./checks/check.ts";
import { type ClusterFacts, clusterChecks, ingressChecks, secretChecks } from "./checks/cluster.ts";
import { type GpuFacts, gpuChecks } from "./checks/gpus.ts";
import { type IdentityFacts, identityChecks } from "./checks/identity.ts";
import { certificateChecks, imageChecks, type ModelFacts, modelChecks } from "./checks/models.ts";
import { type NamespaceFacts, namespaceChecks } from "./checks/namespace.ts";
import { type NetworkFacts, networkChecks } from "./checks/network.ts";
import { type ObjectFacts, objectChecks } from "./checks/objects.ts";
import type { ImageFact } from "./expected-images.ts";

/** What preflight judges; pure data. */
export interface PreflightFacts {
  readonly cluster: ClusterFacts;
  readonly space: NamespaceFacts;
  readonly objects: ObjectFacts;
  readonly gpus: GpuFacts;
  readonly models: readonly ModelFacts[];
  readonly images: readonly ImageFact[];
  readonly identities: readonly IdentityFacts[];
  readonly certificates: readonly Seen<CertificateFacts>[];
  readonly hosts: readonly string[];
  readonly network: NetworkFacts;
  /** GPUs of the instance types of node groups that have no node to look at. */
  readonly emptyGroups: Seen<readonly TypeGpus[]>;
}

/** Every check, in the guide's order. */
export function preflight(facts: PreflightFacts): readonly Check[] {
  return [
    ...clusterChecks(facts.cluster),
    ...namespaceChecks(facts.space),
    ...objectChecks(facts.objects),
    ...gpuChecks(facts.gpus),
    ...ingressChecks(facts.cluster),
    ...networkChecks(facts.network),
    ...imageChecks(facts.images),
    ...modelChecks(facts.models, facts.gpus.gpus?.nodes, facts.emptyGroups),
    ...identityChecks(facts.identities),
    ...certificateChecks(facts.certificates, facts.hosts),
    ...secretChecks(facts.cluster),
  ];
}

/** Accepted codes become warnings. */
export function accepting(checks: readonly Check[], accepted: readonly string[]): readonly Check[] {
  return checks.map((check) =>
    check.result === "fail" && check.code && accepted.includes(check.code) ? { ...check, result: "warn" } : check,
  );
}

/** Warnings for annotations. */
export function warningsOf(checks: readonly Check[]): readonly Finding[] {
  return checks
    .filter((check) => check.result === "warn")
    .map((check) => ({
      code: check.code ?? "DEPLOY_PREFLIGHT",
      level: "warning",
      happened: `${check.name}: ${check.seen}.`,
      next: check.remedy ?? "",
    }));
}

/** The refusal before the first write; `undefined` when nothing fails. */
export function preflightFailure(checks: readonly Check[]): UserError | undefined {
  const failed = checks.filter((check) => check.result === "fail");
  const [first] = failed;
  if (!first) return undefined;
  const lines = failed.map((check) => `${check.name}: ${check.seen} [${check.code}]`);
  return new UserError(failed.length === 1 ? (first.code ?? "DEPLOY_PREFLIGHT") : "DEPLOY_PREFLIGHT", {
    happened: `${failed.length === 1 ? lines[0] : `${failed.length} checks fail:\n${lines.map((line) => `  - ${line}`).join("\n")}`}. Nothing was written.`,
    next: [
      ...new Set(failed.map((check) => check.remedy ?? "")),
      `To go on all the same: accept: ${failed.map((check) => check.code).join(", ")}`,
    ].join("\n"),
  });
}

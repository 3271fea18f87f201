import type { Snapshot } from "../snapshot.ts";
import { admission } from "./admission.ts";
import type { Diagnosis, DiagnosisScope, Rule } from "./diagnosis.ts";
import { images } from "./images.ts";
import { ingress } from "./ingress.ts";
import { init } from "./init.ts";
import { runtime } from "./runtime.ts";
import { scheduling } from "./scheduling.ts";

/** In the order in which a pod comes to life: the first that speaks about an object is the cause, the later ones follow from it. */
const rules: readonly Rule[] = [admission, scheduling, images, init, runtime, ingress];

/** What is wrong with the release in this snapshot, one diagnosis per object; nothing for a healthy slow start. Pure. */
export function diagnose(snapshot: Snapshot, scope: DiagnosisScope): readonly Diagnosis[] {
  const found = new Map<string, Diagnosis>();
  for (const rule of rules)
    for (const diagnosis of rule(snapshot, scope))
      if (!found.has(diagnosis.object)) found.set(diagnosis.object, diagnosis);
  return [...found.values()];
}

/** Workloads of the namespace that are broken and not of the release: named, so that nobody takes them for the cause. */
export function unrelatedTroubles(snapshot: Snapshot, scope: DiagnosisScope): readonly string[] {
  const strangers = snapshot.deployments
    .map((item) => item.metadata.name)
    .filter((name) => !scope.deployments.includes(name));
  return diagnose(snapshot, { ...scope, deployments: strangers, ingresses: [] }).map(
    (diagnosis) => `${diagnosis.object}: ${diagnosis.cause}`,
  );
}

import type { Context } from "../action/context.ts";
import type { Contract, Outputs } from "../action/contract.ts";
import { count } from "../action/describe.ts";
import type { Block } from "../action/summary.ts";
import { connectAws } from "../aws/session.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { connectCluster } from "../cluster/connect.ts";
import type { Deployment, Ingress } from "../cluster/objects.ts";
import { diagnose, unrelatedTroubles } from "../deploy/diagnosis/diagnose.ts";
import type { Diagnosis } from "../deploy/diagnosis/diagnosis.ts";
import { type Health, healthOf } from "../deploy/health.ts";
import { type ReleaseState, stateOf } from "../deploy/history.ts";
import { parseManifest } from "../deploy/manifest.ts";
import { Observer } from "../deploy/observer.ts";
import { readRevisions } from "../deploy/release.ts";
import { toldDiagnoses } from "../deploy/report.ts";
import { scopeOf } from "../deploy/rollout.ts";
import type { Snapshot } from "../deploy/snapshot.ts";
import { modelOf, workloadsOf } from "../deploy/workloads.ts";
import { releaseHolder } from "../facts/release-lease.ts";
import type { AnyCommand, Command } from "./command.ts";
import { inputsOf, placeContract } from "./inputs.ts";
import type { Place } from "./prove.ts";

interface Means {
  readonly place: Place;
  readonly cluster: Cluster;
}

/** One look at a release, whoever deployed it. */
interface Look {
  readonly place: Place;
  readonly state: ReleaseState;
  /** No Helm release of that name is there: the workloads were found by their label. */
  readonly byLabel: boolean;
  readonly workloads: number;
  readonly health: Health;
  readonly diagnoses: readonly Diagnosis[];
  readonly unrelated: readonly string[];
  readonly holder: string | undefined;
}

/** `diagnose`: what is wrong with a live release and what mends it. Reads only, and looks at releases of others, too. */
export function diagnoseCommand(): AnyCommand {
  const command: Command<Means, Look, undefined, void> = {
    async connect(_inputs, ctx, sources) {
      const place = inputsOf(placeContract("plan"), sources);
      const aws = () =>
        connectAws({ region: place.awsRegion, accountId: place.awsAccountId, role: place.roleToAssume }, ctx);
      return { place, cluster: await connectCluster(place, { ctx, aws }) };
    },
    observe: (_inputs, { place, cluster }, ctx) => look(place, cluster, ctx),
    plan: (_inputs, seen) => ({
      changes: [],
      endState: {},
      outputs: { diagnosis: toldDiagnoses(seen.diagnoses) } as Partial<Outputs<Contract>>,
      work: undefined,
    }),
    apply: async () => undefined,
    verify: async (plan) => ({ outputs: plan.outputs as Outputs<Contract> }),
    report({ observed, failure }) {
      if (!observed)
        return { headline: `Nothing was diagnosed: ${failure?.happened.split("\n")[0] ?? ""}`, blocks: [] };
      return { headline: headlineOf(observed), blocks: blocksOf(observed) };
    },
    async close({ cluster }) {
      cluster.close();
    },
  };
  return command;
}

async function look(place: Place, cluster: Cluster, ctx: Context): Promise<Look> {
  const state = stateOf(await readRevisions(cluster.within(ctx), place));
  const snapshot = await snapshotOf(cluster, place, ctx);
  const target = state.kind === "absent" ? labelled(snapshot, place.release) : released(state, place);
  const scope = scopeOf({ ...target, release: place.release });
  const diagnoses = diagnose(snapshot, scope);
  for (const { object, cause, code, remedy } of diagnoses)
    ctx.log.finding({ code, level: "warning", happened: `${object}: ${cause}`, next: remedy });
  return {
    place,
    state,
    byLabel: state.kind === "absent",
    workloads: scope.deployments.length,
    health: healthOf(snapshot, { ...scope, images: {} }),
    diagnoses,
    unrelated: unrelatedTroubles(snapshot, scope),
    holder: await releaseHolder(cluster, place, ctx.clock.now()).catch(() => undefined),
  };
}

/** One picture, with the logs of what has not started. */
async function snapshotOf(cluster: Cluster, place: Place, ctx: Context): Promise<Snapshot> {
  const stop = new AbortController();
  try {
    const own = { ...ctx, signal: AbortSignal.any([ctx.signal, stop.signal]) };
    return await (await Observer.open(cluster, place, own)).snapshot();
  } finally {
    stop.abort();
  }
}

interface Target {
  /** Deployment -> model. */
  readonly models: Readonly<Record<string, string>>;
  readonly ingresses: readonly string[];
}

/** What helm's newest revision wants: that is what people wait for, also where it failed or is still pending. */
function released(state: Exclude<ReleaseState, { kind: "absent" }>, place: Place): Target {
  const objects = parseManifest(state.newest.manifest, place.namespace);
  const keys = Object.keys((state.newest.values["models"] ?? {}) as Readonly<Record<string, unknown>>);
  return {
    models: Object.fromEntries(workloadsOf(objects, keys).map(({ name, model }) => [name, model])),
    ingresses: objects.filter(({ kind }) => kind === "Ingress").map(({ metadata }) => metadata.name),
  };
}

/** A release that was applied without Helm still has the chart's label. */
function labelled({ deployments, ingresses }: Snapshot, release: string): Target {
  const own = ({ metadata }: Deployment | Ingress) => metadata.labels?.["app.kubernetes.io/instance"] === release;
  return {
    models: Object.fromEntries(
      deployments.filter(own).map(({ metadata }) => [metadata.name, modelOf(metadata.name, [])]),
    ),
    ingresses: ingresses.filter(own).map(({ metadata }) => metadata.name),
  };
}

function headlineOf({ place, state, workloads, health, diagnoses }: Look): string {
  const name = `${place.release} in ${place.namespace}`;
  if (workloads === 0) return `There is no release ${name}.`;
  const [first] = diagnoses;
  if (first) return `${count(diagnoses.length, "object")} of ${name} cannot start: ${first.object}: ${first.cause}`;
  if (state.kind === "pending") return `${name} waits: a helm ${state.operation} is pending.`;
  if (health.ready) return `${name} is healthy: ${count(workloads, "workload")} ready.`;
  const waiting = health.workloads.filter(({ ready }) => !ready).map((item) => `${item.name} (${item.phase})`);
  return `${name} is starting, and nothing is wrong so far: ${[...waiting, ...health.waitingIngresses].join(", ")}.`;
}

function blocksOf({ state, byLabel, health, diagnoses, unrelated, holder }: Look): readonly Block[] {
  const notes = [
    byLabel
      ? "No Helm release of that name is there; its workloads were found by the label app.kubernetes.io/instance."
      : "",
    state.kind === "pending"
      ? `Revision ${state.newest.number} is ${state.newest.status} since ${new Date(state.newest.updatedAt).toISOString()}.`
      : "",
    holder ? `Held by ${holder}.` : "",
    ...unrelated.map((trouble) => `Not of this release, and broken as well: ${trouble}`),
  ].filter((note) => note !== "");
  return [
    ...(diagnoses.length > 0
      ? [
          {
            kind: "table",
            head: ["object", "code", "cause", "evidence", "what to do"],
            rows: diagnoses.map((item) => [item.object, item.code, item.cause, item.evidence, item.remedy]),
          } as const,
        ]
      : []),
    {
      kind: "table",
      head: ["workload", "", "phase", "detail"],
      rows: health.workloads.map(({ name, ready, phase, detail }) => [name, ready ? "✅" : "…", phase, detail]),
    },
    ...notes.map((text) => ({ kind: "text", text }) as const),
  ];
}

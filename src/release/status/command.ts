import type { Context } from "../../action/context.ts";
import type { Contract, Outputs } from "../../action/contract.ts";
import { count, time } from "../../action/describe.ts";
import type { Block } from "../../action/summary.ts";
import { type Aws, connectAws } from "../../aws/session.ts";
import type { Json } from "../../canonical.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { connectCluster } from "../../cluster/connect.ts";
import type { Named } from "../../record/latest.ts";
import type { RecordStore } from "../../record/store.ts";
import type { AnyCommand, Command } from "../command.ts";
import { inputsOf, placeContract } from "../inputs.ts";
import type { Place } from "../prove.ts";
import { storeOf } from "../publish.ts";
import { restorableBlock } from "../restorable.ts";
import { driftText, liveOf, observeStatus, type Status } from "./observe.ts";

interface Means {
  readonly place: Place;
  readonly cluster: Cluster;
  readonly store: RecordStore | undefined;
  readonly aws: () => Promise<Aws>;
}

interface Seen {
  readonly place: Place;
  readonly status: Status;
  readonly now: number;
}

/** `status`: what runs, since when, from which record, whether it drifted, and which earlier proven revisions can be restored. Reads only. */
export function statusCommand(): AnyCommand {
  const command: Command<Means, Seen, undefined, void> = {
    async connect(_inputs, ctx, sources) {
      const place = inputsOf(placeContract("plan"), sources);
      const aws = () =>
        connectAws({ region: place.awsRegion, accountId: place.awsAccountId, role: place.roleToAssume }, ctx);
      const cluster = await connectCluster(place, { ctx, aws });
      return { place, cluster, store: await storeOf(place, ctx), aws };
    },
    async observe(_inputs, { place, cluster, store, aws }, ctx) {
      const status = await observeStatus(place, cluster, store, aws, ctx);
      tell(status, ctx);
      return { place, status, now: ctx.clock.now() };
    },
    plan: (_inputs, seen) => ({ changes: [], endState: {}, outputs: outputsOf(seen), work: undefined }),
    apply: async () => undefined,
    verify: async (plan) => ({ outputs: plan.outputs as Outputs<Contract> }),
    report({ observed, failure }) {
      if (!observed) return { headline: `Status is not known: ${failure?.happened.split("\n")[0] ?? ""}`, blocks: [] };
      return { headline: headlineOf(observed), blocks: blocksOf(observed) };
    },
    async close({ cluster }) {
      cluster.close();
    },
  };
  return command;
}

function tell({ unreadable, notLooked }: Status, ctx: Context): void {
  if (notLooked)
    ctx.log.finding({
      code: "RELEASE_RECORDS_UNSEEN",
      level: "warning",
      happened: `The records were not looked at: ${notLooked}`,
      next: "Which record is live, and what can be restored, is not known. Let the role read the records place, or correct records.",
    });
  for (const [digest, why] of Object.entries(unreadable))
    ctx.log.finding({
      code: "RELEASE_RECORD_UNREADABLE",
      level: "warning",
      happened: `The record ${digest.slice(0, 12)} cannot be used: ${why}`,
      next: "It cannot be rolled back to. Look at who changed it; a record is never edited.",
    });
}

function outputsOf({ status }: Seen): Partial<Outputs<Contract>> {
  const live = liveOf(status.state);
  const { record } = status;
  return {
    revision: live?.number,
    result: resultOf(status),
    ...(record ? { recordUri: record.uri, recordSha256: record.sha256 } : {}),
  };
}

/** The form of the output `result`. */
function resultOf(status: Status): Json {
  const live = liveOf(status.state);
  return {
    state: status.state.kind,
    revision: live?.number ?? null,
    since: live ? new Date(live.updatedAt).toISOString() : null,
    chart: live ? `${live.chart.name} ${live.chart.version}` : null,
    record: status.record?.sha256 ?? null,
    latest: status.latest?.sha256 ?? null,
    holder: status.holder ?? null,
    models: status.models.map(({ name, model, ready, wanted }) => ({ name, model, ready, wanted })),
    drift: status.drift.map(({ verb, kind, name }) => ({ verb, kind, name })),
    earlier: status.earlier as unknown as Json,
  };
}

function headlineOf({ place, status, now }: Seen): string {
  const name = `${place.release}${place.environment ? ` (${place.environment})` : ""}`;
  const live = liveOf(status.state);
  const busy = status.holder ? ` ${status.holder} works on it now.` : "";
  if (!live) {
    const nothing = status.state.kind === "absent" ? "is not installed" : "has no good revision";
    return `${name} ${nothing}.${busy}`;
  }
  const proven = provenText(status);
  const drift = status.drift.length > 0 ? `; ${count(status.drift.length, "object")} drifted` : "";
  const waiting = status.models.filter(({ ready, wanted }) => ready < wanted).map(({ model }) => model);
  const ready = waiting.length > 0 ? `; not ready: ${waiting.join(", ")}` : "";
  return `${name} runs revision ${live.number} for ${time(Math.max(0, now - live.updatedAt))}, ${proven}${drift}${ready}.${busy}`;
}

function provenText({ record, notLooked }: Status): string {
  if (notLooked) return "its records not looked at";
  return record ? `record ${record.sha256.slice(0, 12)}` : "not proven by any record";
}

function blocksOf({ status }: Seen): readonly Block[] {
  const live = liveOf(status.state);
  const blocks: Block[] = [];
  if (live)
    blocks.push({
      kind: "table",
      head: ["", ""],
      rows: [
        ["chart", `${live.chart.name} ${live.chart.version}`],
        ["revision", `${live.number}, ${live.status}, since ${new Date(live.updatedAt).toISOString()}`],
        ["record", shownRecord(status.record, status, "none fits chart and values")],
        ["proven by", status.record?.record.run.url ?? ""],
        ["latest record", shownRecord(status.latest, status, "none")],
        ["state", stateText(status)],
      ],
    });
  if (status.models.length > 0)
    blocks.push({
      kind: "table",
      head: ["model", "ready", "image"],
      rows: status.models.map(({ model, ready, wanted, images }) => [model, `${ready}/${wanted}`, images.join("\n")]),
    });
  if (status.drift.length > 0)
    blocks.push({
      kind: "details",
      title: `Drift: ${count(status.drift.length, "object")}`,
      blocks: [{ kind: "code", language: "text", text: driftText(status) }],
    });
  return [...blocks, ...restorableBlock(status.earlier)];
}

function shownRecord(named: Named | undefined, { notLooked }: Status, none: string): string {
  if (notLooked) return "not looked at";
  return named ? `\`${named.sha256}\`` : none;
}

function stateText({ state }: Status): string {
  if (state.kind === "pending") return `a helm ${state.operation} is pending (revision ${state.newest.number})`;
  if (state.kind === "deployed" && state.newest.number !== state.live.number)
    return `revision ${state.newest.number} after it is ${state.newest.status}`;
  return state.kind;
}

import type { Report } from "../action/action.ts";
import { count, size, time } from "../action/describe.ts";
import type { Block } from "../action/summary.ts";
import { prefixUri } from "../facts/prefix.ts";
import { bytesOf, type ManifestSummary, type ModelWork, type SyncOutputs, type SyncWork } from "./plan.ts";
import type { VerifyMode } from "./verify.ts";

/** What the report is made from; all but the first two may be absent, because a run can end anywhere. */
export interface SyncEnd {
  readonly dryRun: boolean;
  readonly seconds: number;
  readonly work?: SyncWork | undefined;
  readonly outputs?: Partial<SyncOutputs> | undefined;
  readonly failure?: string | undefined;
  readonly verify: VerifyMode;
}

/** Headline and table of the models. */
export function syncReport(end: SyncEnd): Report {
  const { work } = end;
  return { headline: headlineOf(end), blocks: work && work.models.length > 0 ? tableOf(work, end) : [] };
}

function headlineOf({ work, outputs, failure, dryRun, seconds }: SyncEnd): string {
  if (failure) return `Checkpoints were not synced: ${failure}`;
  if (!work) return "No checkpoint was looked at.";
  const changed = work.models.filter((model) => model.verdict !== "same");
  const total = work.models.reduce((sum, { model }) => sum + bytesOf(model), 0);
  const models = count(work.models.length, "checkpoint");
  if (work.models.length === 0)
    return `Nothing to sync: the prefixes of ${count(work.given.length, "model")} are used as given.`;
  if (changed.length === 0) return `Nothing to send: ${models} already in place (${size(total)}).`;
  if (dryRun)
    return `${count(changed.length, "checkpoint")} of ${work.models.length} would be synced (${size(total)} in all).`;
  const sent = outputs?.checkpointsBytesUploaded ?? 0;
  const rate = seconds > 0 ? `, ${size(Math.round(sent / seconds))}/s` : "";
  return `${models} ${work.models.length === 1 ? "is" : "are"} in place and proven: ${size(sent)} sent in ${time(seconds * 1_000)}${rate}.`;
}

const words: Readonly<Record<VerifyMode, string>> = {
  manifest:
    "Proven: each object's size and ETag in the listing are the manifest's, whose checksums S3 confirmed at the upload.",
  checksum: "Proven: S3 was asked for the full-object checksum of each object, and it is the manifest's.",
  size: "Compared: the size of each object only.",
};

function tableOf({ models }: SyncWork, { outputs, verify, dryRun, failure }: SyncEnd): readonly Block[] {
  const manifests = outputs?.manifests as Readonly<Record<string, ManifestSummary>> | undefined;
  const ended = !dryRun && failure === undefined;
  const rows = models.map((one) => {
    const manifest = manifests?.[one.model.key];
    // What was planned is told as a plan; once a run tried, only what has a manifest is called done.
    const state = dryRun || manifest || one.verdict === "same" ? verdicts[one.verdict] : "not synced";
    return rowOf(one, state, manifest);
  });
  return [
    {
      kind: "table",
      head: ["model", "", "prefix", "files", "bytes", "parameters", "extra", "manifest"],
      rows,
      right: [3, 4, 5, 6],
    },
    ...(ended && models.every(({ model }) => manifests?.[model.key])
      ? [{ kind: "text", text: words[verify] } as const]
      : []),
  ];
}

const verdicts: Readonly<Record<ModelWork["verdict"], string>> = {
  same: "in place",
  upload: "new",
  repair: "repaired",
  replace: "replaced",
  compare: "adopted",
};

function rowOf({ model, extras }: ModelWork, state: string, manifest: ManifestSummary | undefined): readonly string[] {
  const files = model.source.content.kind === "files" ? model.source.content.files.length : undefined;
  return [
    model.key,
    state,
    `\`${prefixUri(model.prefix)}\``,
    String(manifest?.files ?? files ?? ""),
    size(manifest?.bytes ?? bytesOf(model)),
    parametersText(manifest?.parameters ?? model.parameters ?? 0),
    extras.length > 0 ? String(extras.length) : "",
    manifest ? `\`${manifest.digest.slice(0, 12)}\`` : "",
  ];
}

/** `33.4 B`: billions, as models are named. */
function parametersText(parameters: number): string {
  if (parameters === 0) return "";
  if (parameters >= 1e9) return `${(parameters / 1e9).toFixed(1)} B`;
  return parameters >= 1e6 ? `${(parameters / 1e6).toFixed(1)} M` : parameters.toLocaleString("en-US");
}

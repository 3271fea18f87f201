import type { Context } from "../action/context.ts";
import { count } from "../action/describe.ts";
import type { Block } from "../action/summary.ts";
import type { Aws } from "../aws/session.ts";
import { chartPath } from "../bundle/chart-cache.ts";
import { checkpointFacts } from "../facts/checkpoint.ts";
import { describeImage } from "../images/ecr/status.ts";
import type { Named } from "../record/latest.ts";
import type { RecordedCheckpoint, RecordedImage } from "../record/record.ts";
import type { RecordStore } from "../record/store.ts";
import { valuesPath } from "../record/values.ts";

/** Whether what a record proved can be released again. */
export interface Restorable {
  readonly record: string;
  readonly revision: number;
  readonly finishedAt: string;
  readonly run: string;
  /** What is not there any more, each as a phrase; empty: it can be restored. */
  readonly missing: readonly string[];
}

/** Older records are not looked at: each costs a few requests. */
const most = 10;

/** For each record, the newest first: are its images active, its checkpoints complete, chart and values kept? Each thing is asked for once. */
export async function restorableRecords(
  records: readonly Named[],
  store: RecordStore,
  aws: Aws,
  ctx: Context,
): Promise<readonly Restorable[]> {
  const once = memory();
  const kept = async (path: string) => (await store.list(path)).includes(path);
  return Promise.all(
    records.slice(0, most).map(async ({ sha256, record }): Promise<Restorable> => {
      const chart = chartPath(record.chart.sha256);
      const values = valuesPath(record.valuesSha256);
      const questions = [
        ...Object.entries(record.images).map(([name, image]) =>
          once(`image ${image.repository}:${image.tag} ${image.digest}`, () => imageProblem(name, image, aws, ctx)),
        ),
        ...Object.entries(record.checkpoints).map(([key, checkpoint]) =>
          once(`checkpoint ${checkpoint.prefix} ${checkpoint.manifest}`, () =>
            checkpointProblem(key, checkpoint, aws, ctx),
          ),
        ),
        once(chart, async () => ((await kept(chart)) ? "" : `chart ${record.chart.version} is not kept`)),
        once(values, async () => ((await kept(values)) ? "" : "values file is not kept")),
      ];
      const missing = (await Promise.all(questions)).filter((problem) => problem !== "");
      return { record: sha256, revision: record.revision, finishedAt: record.finishedAt, run: record.run.url, missing };
    }),
  );
}

function memory() {
  const known = new Map<string, Promise<string>>();
  return (question: string, ask: () => Promise<string>) => {
    const answer = known.get(question) ?? ask();
    known.set(question, answer);
    return answer;
  };
}

async function imageProblem(name: string, image: RecordedImage, aws: Aws, ctx: Context): Promise<string> {
  const found = await describeImage(image.repository, image.tag, aws, ctx.signal);
  if (!found) return `image ${name} (${image.repository}:${image.tag}) is gone, or may not be looked at`;
  if (found.digest !== image.digest) return `image ${name} is another one now (${image.repository}:${image.tag})`;
  return found.status === "ACTIVE" ? "" : `image ${name} is ${found.status.toLowerCase()}`;
}

async function checkpointProblem(key: string, recorded: RecordedCheckpoint, aws: Aws, ctx: Context): Promise<string> {
  const facts = await checkpointFacts(recorded.prefix, aws, ctx);
  if (!facts || facts.files === 0) return `checkpoint of ${key} is gone (${recorded.prefix})`;
  if (recorded.manifest === undefined) return "";
  if (facts.manifestDigest !== recorded.manifest) return `checkpoint of ${key} is another one now`;
  return facts.complete ? "" : `checkpoint of ${key} lacks ${count(facts.differences.length, "file")}`;
}

/** Earlier proven revisions, as a table. */
export function restorableBlock(earlier: readonly Restorable[]): readonly Block[] {
  if (earlier.length === 0) return [];
  const rows = earlier.map(({ record, revision, finishedAt, missing }) => [
    missing.length === 0 ? "✅" : "❌",
    `\`${record}\``,
    String(revision),
    finishedAt.replace(/\.\d+Z$/, "Z"),
    missing.length === 0 ? "can be restored" : missing.join("\n"),
  ]);
  const table: Block = { kind: "table", head: ["", "record", "revision", "proven", ""], rows };
  return [{ kind: "details", title: `${count(earlier.length, "proven revision")}`, blocks: [table] }];
}

import { size } from "../action/describe.ts";
import { chunksOf } from "../bytes/chunks.ts";
import { runningSha256 } from "../bytes/digest.ts";
import { inOrder } from "../bytes/ordered.ts";
import type { Source } from "../bytes/source.ts";
import { type ArchiveCargo, bundleDiffers, type KnownCargo } from "./cargo.ts";
import type { ImageClients } from "./connect.ts";
import { mountingEnabled } from "./ecr/mounting.ts";
import type { Goal } from "./goal.ts";
import { keepThings } from "./keep.ts";
import { applyPass } from "./pass/apply.ts";
import type { ImagesApplied, ImagesPlanned } from "./planned.ts";
import { type Full, pushImages } from "./push/push.ts";
import type { PushResult } from "./push/pushed.ts";
import { prepareRepositories } from "./repository.ts";

/** Repositories, then images, then what later jobs find in records: in this order an interruption leaves nothing that lies. */
export async function applyImages(planned: ImagesPlanned, clients: ImageClients): Promise<ImagesApplied> {
  const { inputs, loaded, work } = planned;
  const { cargo } = loaded;
  const empty = await prepareRepositories(work.create, work.policies, inputs, clients);
  if (cargo.kind === "pass") return applyPass(planned, cargo, clients, empty);
  const goals = work.push ?? [];
  const result = await pushGoals(goals, planned, cargo, clients, empty);
  await keepThings(work.keep, cargo.chart, clients);
  return {
    result,
    goals: planned.observed.goals ?? [],
    pushed: goals,
    leftOut: cargo.leftOut ?? [],
    chart: loaded.chart,
    chartSha256: planned.observed.chartSha256,
  };
}

async function pushGoals(
  goals: readonly Goal[],
  { inputs, observed }: ImagesPlanned,
  cargo: ArchiveCargo | KnownCargo,
  { wire, aws, ctx }: ImageClients,
  empty: ReadonlySet<string>,
): Promise<PushResult> {
  if (goals.length === 0) return { images: [], bytesUploaded: 0 };
  const standing = (observed.goals ?? []).filter((goal) => !goals.includes(goal));
  const file = cargo.kind === "archives" ? cargo.bundle.file : undefined;
  const expected = inputs.bundleSha256;
  return pushImages(goals.filter(isFull), standing.filter(isFull), {
    wire,
    empty,
    concurrency: inputs.concurrency,
    mounting: goals.length + standing.length > 1 && (await mountingEnabled(aws, ctx.signal)),
    blob: (goal, blob) => cargo.blob(goal, blob),
    ...(file && expected
      ? {
          prove: async (signal: AbortSignal) => {
            const found = await digestOfFile(file, signal);
            if (found !== expected && cargo.kind === "archives") throw bundleDiffers(cargo.bundle, expected, found);
            ctx.log.info(`The bundle's ${size(file.size)} have the SHA-256 that bundle-sha256 asks for.`);
          },
        }
      : {}),
  });
}

function isFull(goal: Goal): goal is Full {
  return goal.oci !== undefined;
}

async function digestOfFile(file: Source, signal: AbortSignal): Promise<string> {
  const digest = runningSha256();
  const chunks = file.stream ? inOrder(file, { parallel: 4 }).chunks(signal) : chunksOf(file, 0, file.size, signal);
  for await (const chunk of chunks) digest.update(chunk);
  return digest.hex();
}

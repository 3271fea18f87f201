import { size } from "../action/describe.ts";
import { chunksOf } from "../bytes/chunks.ts";
import { runningSha256 } from "../bytes/digest.ts";
import { inOrder } from "../bytes/ordered.ts";
import type { Source } from "../bytes/source.ts";
import { type ArchiveCargo, bundleDiffers, type KnownCargo } from "./cargo.ts";
import type { ImageClients, ImageInputs } from "./connect.ts";
import { settingsOf } from "./connect.ts";
import { createRepository } from "./ecr/create.ts";
import { mountingEnabled } from "./ecr/mounting.ts";
import { setPullPolicy } from "./ecr/pull-policy.ts";
import type { Goal } from "./goal.ts";
import { keepThings } from "./keep.ts";
import type { Loaded } from "./load.ts";
import { applyPass } from "./pass/apply.ts";
import type { ImageWork, ObservedImages } from "./plan.ts";
import { type Full, pushImages } from "./push/push.ts";
import type { PushResult } from "./push/pushed.ts";

/** The plan's work with what it works on. */
export interface ImagesPlanned {
  readonly inputs: ImageInputs;
  readonly loaded: Loaded;
  readonly observed: ObservedImages;
  readonly work: ImageWork;
}

/** What apply did: what was sent, and what stands now. */
export interface ImagesApplied {
  readonly result: PushResult;
  /** All images that were asked for, now that they are known. */
  readonly goals: readonly Goal[];
  /** Those that were pushed, to be read back. */
  readonly pushed: readonly Goal[];
  readonly chart: string | undefined;
  readonly chartSha256: string | undefined;
}

/** Repositories, then images, then what later jobs find in records: in this order an interruption leaves nothing that lies. */
export async function applyImages(planned: ImagesPlanned, clients: ImageClients): Promise<ImagesApplied> {
  const { inputs, loaded, work } = planned;
  const { cargo } = loaded;
  await prepareRepositories(work.create, work.policies, inputs, clients);
  if (cargo.kind === "pass") return applyPass(planned, cargo, clients);
  const goals = work.push ?? [];
  const result = await pushGoals(goals, planned, cargo, clients);
  await keepThings(work.keep, cargo.chart, clients);
  return {
    result,
    goals: planned.observed.goals ?? [],
    pushed: goals,
    chart: loaded.chart,
    chartSha256: planned.observed.chartSha256,
  };
}

/** Makes what is missing, and lets other accounts pull from what is ours. */
export async function prepareRepositories(
  create: readonly string[],
  policies: readonly string[],
  inputs: ImageInputs,
  { aws, ctx }: ImageClients,
): Promise<void> {
  const settings = settingsOf(inputs);
  await Promise.all(
    create.map(async (name) => {
      await createRepository(name, settings, aws, ctx.signal);
      if (settings.pullAccounts.length > 0) await setPullPolicy(name, settings.pullAccounts, aws, ctx.signal);
      ctx.log.info(`The repository ${name} was created.`);
    }),
  );
  for (const name of policies) await setPullPolicy(name, settings.pullAccounts, aws, ctx.signal);
}

async function pushGoals(
  goals: readonly Goal[],
  { inputs, observed }: ImagesPlanned,
  cargo: ArchiveCargo | KnownCargo,
  { wire, aws, ctx }: ImageClients,
): Promise<PushResult> {
  if (goals.length === 0) return { images: [], bytesUploaded: 0 };
  const standing = (observed.goals ?? []).filter((goal) => !goals.includes(goal));
  const file = cargo.kind === "archives" ? cargo.bundle.file : undefined;
  const expected = inputs.bundleSha256;
  return pushImages(goals.filter(isFull), standing.filter(isFull), {
    wire,
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

import type { Finding } from "../../action/context.ts";
import { size } from "../../action/describe.ts";
import type { CheckpointFacts } from "../../facts/checkpoint.ts";
import type { GpuNode } from "../cluster.ts";
import type { Places } from "../places.ts";
import type { RenderedModel } from "../render.ts";

/**
 * Whether any node could hold each model: as many GPUs, and as much of their memory as the weights have bytes. Warnings: nodes may come later, and
 * weights may be made smaller while they load. A cluster without a GPU node at this moment (scaled to zero) says nothing.
 */
export function gpuFindings(
  models: readonly RenderedModel[],
  nodes: readonly GpuNode[] | undefined,
  checkpoints: ReadonlyMap<string, CheckpointFacts> | undefined,
  places: Places,
): readonly Finding[] {
  if (!nodes || nodes.length === 0) return [];
  const most = Math.max(...nodes.map(({ gpus }) => gpus));
  return models.flatMap((model) => {
    const at = places(["models", model.key, "gpus"]);
    if (model.gpus > most)
      return [
        warning(`The model ${model.key} asks for ${model.gpus} GPUs; the largest node of the cluster has ${most}.`, at),
      ];
    const weights = checkpoints?.get(model.key)?.safetensorsBytes ?? 0;
    const room = roomOn(nodes, model.gpus);
    if (room === undefined || weights <= room) return [];
    return [
      warning(
        `The weights of ${model.key} have ${size(weights)}; ${model.gpus} GPUs of the cluster's largest node have ${size(room)}.`,
        at,
      ),
    ];
  });
}

/** The most memory that so many GPUs of one node have; undefined where a node that could take them does not tell its memory. */
function roomOn(nodes: readonly GpuNode[], gpus: number): number | undefined {
  const large = nodes.filter((node) => node.gpus >= gpus);
  if (large.some(({ memory }) => memory === undefined)) return undefined;
  return Math.max(...large.map(({ memory }) => (memory ?? 0) * gpus));
}

function warning(happened: string, at: Finding["at"]): Finding {
  return {
    code: "VALUES_GPUS_SHORT",
    level: "warning",
    happened,
    next: "Set gpus to what Poolside gives for the model and the hardware, or add larger nodes.",
    ...(at ? { at } : {}),
  };
}

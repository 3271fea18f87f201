import type { Finding } from "../../action/context.ts";
import type { Change } from "../../action/plan.ts";
import type { CheckpointFacts } from "../../facts/checkpoint.ts";
import { bringsImage } from "../../facts/image.ts";
import { alb, sslPolicy } from "../annotations.ts";
import type { AwsFacts, ImageFact } from "../aws-facts.ts";
import { type Values, valueAt } from "../merge.ts";
import type { Places } from "../places.ts";
import type { RenderedModel } from "../render.ts";

/** Whether a model's prefix holds a whole checkpoint, directly at its root. What earlier steps of the chain will bring counts as there. */
export function prefixFindings(
  models: readonly RenderedModel[],
  facts: Pick<AwsFacts, "prefixes" | "refused">,
  upcoming: readonly Change[],
  places: Places,
): readonly Finding[] {
  return models.flatMap((model): readonly Finding[] => {
    if (willBring(upcoming, bare(model.prefix))) return [];
    const found = facts.prefixes.get(model.key);
    const refusal = facts.refused.get(model.key);
    const what = refusal ? `cannot be used: ${refusal.replace(/\.$/, "")}` : found && missing(found);
    if (!what) return [];
    return [
      {
        code: "VALUES_PREFIX_EMPTY",
        level: "error",
        happened: `The prefix ${model.prefix} of the model ${model.key} ${what}.`,
        next: `Correct it, or run sync-checkpoints; compare with: aws s3 ls ${bare(model.prefix)}/`,
        at: places(["models", model.key, "model"]),
      },
    ];
  });
}

function missing(found: CheckpointFacts): string | undefined {
  if (found.files === 0) return "is empty or does not exist";
  if (found.manifest && !found.complete)
    return `is not complete: ${found.differences.length} of ${found.manifest.files.length} files are missing or other ones (${found.differences.slice(0, 3).join(", ")})`;
  if (!found.manifest && found.safetensorsBytes === 0)
    return "holds no *.safetensors: the archive itself may lie there, unextracted, or a folder too deep";
  return undefined;
}

/** Whether a change of an earlier step names the prefix, or something below it. */
export function willBring(upcoming: readonly Change[], place: string): boolean {
  return upcoming.some(({ verb, name, to }) => {
    if (verb === "delete") return false;
    return [name, typeof to === "string" ? to : ""].some(
      (text) => bare(text) === place || text.startsWith(`${place}/`) || text.startsWith(`${place}@`),
    );
  });
}

function bare(uri: string): string {
  return uri.replace(/\/+$/, "");
}

/** Images that pods would not be able to pull, or that are other ones than were pushed. */
export function imageFindings(images: readonly ImageFact[], upcoming: readonly Change[]): readonly Finding[] {
  return images
    .filter(({ repository, tag }) => !bringsImage(upcoming, `${repository}:${tag}`))
    .flatMap(({ key, repository, tag, digest, pushed }): readonly Finding[] => {
      if (digest === "absent")
        return [
          {
            code: "VALUES_IMAGE_MISSING",
            level: "error",
            happened: `The registry has no image ${repository}:${tag}, which the chart presets as ${key}.`,
            next: "Run push-images with the bundle that the chart came with.",
          },
        ];
      if (digest === undefined || pushed === undefined || digest === pushed) return [];
      return [
        {
          code: "VALUES_IMAGE_DIFFERS",
          level: "error",
          happened: `In the registry, ${repository}:${tag} is ${digest}; ${pushed} was pushed. Pods would run something else.`,
          next: `Find out who moved the tag, and run push-images again, or with another tag: aws ecr describe-images --repository-name ${repository} --image-ids imageTag=${tag}`,
        },
      ];
    });
}

const policyPath = ["ingress", "annotations", `${alb}ssl-policy`];

/** The TLS policy, where it is not the guide's own. */
export function chosenSslPolicy(all: Values): string | undefined {
  const name = valueAt(all, ...policyPath);
  return typeof name === "string" && name !== sslPolicy ? name : undefined;
}

/** A TLS policy that load balancers do not know. */
export function sslPolicyFindings(all: Values, known: boolean | undefined, places: Places): readonly Finding[] {
  if (known !== false) return [];
  return [
    {
      code: "VALUES_INGRESS_INVALID",
      level: "error",
      happened: `Load balancers know no TLS policy ${chosenSslPolicy(all)}.`,
      next: "List them: aws elbv2 describe-ssl-policies --query 'SslPolicies[].Name'",
      at: places(policyPath),
    },
  ];
}

import type { SpecFinder } from "../action/contract.ts";
import { UserError } from "../errors.ts";
import type { Values } from "./merge.ts";
import { valueAt } from "./merge.ts";
import { isMap, type WantedModel } from "./model.ts";
import type { RecordedSources } from "./recorded.ts";
import type { Wanted } from "./render.ts";
import type { RenderSettings } from "./settings.ts";

/**
 * Inputs, spec-only keys (docs, ingress.annotations) and the live release brought together. `only` leaves the other models as they are live;
 * without their live values that is `VALUES_ONLY_NOT_LIVE`.
 */
export function wantedOf(
  settings: RenderSettings,
  registry: string,
  live: Values | undefined,
  recorded: RecordedSources | undefined,
  find: SpecFinder,
): Wanted {
  refuseUnknown(settings);
  const chosen = settings.models.filter(({ key }) => settings.only.length === 0 || settings.only.includes(key));
  const left = settings.models.filter((model) => !chosen.includes(model));
  const annotations = find("ingress.annotations")?.value;
  return {
    registry,
    identity: settings.identityValues,
    authenticationSecret: settings.authenticationSecret,
    ingress: {
      scheme: settings.scheme,
      groupName: settings.groupName,
      certificateArn: settings.certificateArn,
      httpRedirect: settings.httpRedirect,
      annotations: (annotations ?? {}) as Readonly<Record<string, string>>,
    },
    docs: {
      enabled: find("docs.enabled")?.value === true,
      host: find("docs.host")?.value as string | undefined,
    },
    models: chosen,
    prefixes: prefixesOf(chosen, settings.prefixes, recorded),
    untouched: Object.fromEntries(left.map(({ key }) => [key, liveModel(key, live)])),
    values: settings.values,
  };
}

/** A misspelt key in `only` would leave out what it means. */
function refuseUnknown({ only, models }: RenderSettings): void {
  const keys = models.map(({ key }) => key);
  const strange = only.filter((key) => !keys.includes(key));
  if (strange.length === 0) return;
  throw new UserError("VALUES_ONLY_UNKNOWN", {
    happened: `\`only\` names ${strange.join(", ")}; the models are ${keys.join(", ")}.`,
    next: "Correct only, or add the model to the spec.",
  });
}

/**
 * The spec's own prefix as it was written; one that was synced without the slash at its end (the downloader adds its own). With a record the
 * proven prefixes hold, wherever sync-checkpoints copied them to; the spec may have gone on since.
 */
function prefixesOf(
  models: readonly WantedModel[],
  synced: Readonly<Record<string, string>>,
  recorded: RecordedSources | undefined,
): Readonly<Record<string, string>> {
  const found = models.map(({ key, prefix }) => {
    const proven = synced[key] ?? recorded?.prefixes[key];
    return [key, recorded ? (bare(proven) ?? prefix) : (prefix ?? bare(proven))] as const;
  });
  const missing = found.filter(([, prefix]) => !prefix).map(([key]) => key);
  if (missing.length === 0) return Object.fromEntries(found.map(([key, prefix]) => [key, prefix!]));
  throw new UserError("VALUES_NO_PREFIX", {
    happened: `No prefix is known for ${missing.join(", ")}.`,
    next: "Run sync-checkpoints before (its output prefixes), give prefixes, or set models.<key>.prefix in the spec.",
  });
}

function bare(prefix: string | undefined): string | undefined {
  return prefix?.replace(/\/+$/, "");
}

function liveModel(key: string, live: Values | undefined): Values {
  const model = valueAt(live, "models", key);
  if (isMap(model)) return model;
  throw new UserError("VALUES_ONLY_NOT_LIVE", {
    happened: live
      ? `\`only\` leaves the model ${key} as it is live, but the live release does not have it.`
      : `\`only\` leaves the model ${key} as it is live, but the live release could not be read.`,
    next: live
      ? `Add ${key} to only, or release all models.`
      : "Give cluster (or kubeconfig and context), or leave only away.",
  });
}

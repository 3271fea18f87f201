import { ingressAnnotations, type WantedIngress } from "./annotations.ts";
import { mergeValues, type Overridden, overridden, type Values, valueAt } from "./merge.ts";
import { isMap, type WantedModel } from "./model.ts";

/** Everything that values follow from. */
export interface Wanted {
  /** Host of the registry, with the prefix of repositories where there is one. */
  readonly registry: string;
  /** ensure-irsa's fragment: `serviceAccount` or `s3`. */
  readonly identity: Values;
  /** Secret with the API key; empty: none is asked for. */
  readonly authenticationSecret: string;
  readonly ingress: WantedIngress;
  readonly docs: { readonly enabled: boolean; readonly host: string | undefined };
  /** Sorted by key. */
  readonly models: readonly WantedModel[];
  /** Prefix of each model, as it goes into the values. */
  readonly prefixes: Readonly<Record<string, string>>;
  /** Models that stay as they are live: their entries, by key. */
  readonly untouched: Readonly<Record<string, Values>>;
  /** Chart values, merged last. */
  readonly values: Values;
}

/** The values as data, and what the free ones changed of them. */
export interface RenderedValues {
  readonly values: Values;
  readonly overridden: readonly Overridden[];
}

/** A model as the later steps know it; the shape of the output `rendered-models`. */
export interface RenderedModel {
  readonly key: string;
  readonly host: string;
  /** Base URL, `https://<host>/v1`. */
  readonly url: string;
  readonly modelName: string;
  readonly modelType: string;
  readonly gpus: number;
  readonly prefix: string;
}

/** All objects are named after it, so that the service account is the one that the trust policy names (guide, step 6). */
export const fullName = "inference";

/** The chart's values: the guide's shape and order (step 6), then `values` merged last. */
export function renderValues(wanted: Wanted): RenderedValues {
  const made: Values = {
    fullnameOverride: fullName,
    image: { registry: wanted.registry },
    ...identityOf(wanted.identity),
    podSecurityContext: { runAsNonRoot: true, runAsUser: 10003, seccompProfile: { type: "RuntimeDefault" } },
    authentication: { secretName: wanted.authenticationSecret },
    ingress: { enabled: true, className: "alb", annotations: ingressAnnotations(wanted.ingress) },
    models: modelsOf(wanted),
    ...(wanted.docs.enabled ? { docs: { enabled: true, ingressHost: wanted.docs.host ?? "" } } : {}),
  };
  const { annotations } = wanted.ingress;
  const plain = ingressAnnotations({ ...wanted.ingress, annotations: {} });
  return {
    values: withModelsInOrder(mergeValues(made, sorted(wanted.values))),
    overridden: [
      ...overridden(plain, annotations, ["ingress", "annotations"]),
      ...wanted.models.flatMap((model) =>
        overridden(settingsOf(model, wanted.prefixes[model.key] ?? ""), model.values, ["models", model.key]),
      ),
      ...overridden(made, wanted.values),
    ],
  };
}

/** The chart names the account after the release's objects; saying so again would only differ from the guide. */
function identityOf(identity: Values): Values {
  const account = identity["serviceAccount"];
  if (!isMap(account) || account["create"] !== true || account["name"] !== fullName) return identity;
  const { name: _, ...rest } = account;
  return { ...identity, serviceAccount: rest };
}

function modelsOf(wanted: Wanted): Values {
  const made = wanted.models.map((model) => {
    const settings = settingsOf(model, wanted.prefixes[model.key] ?? "");
    return [model.key, mergeValues(settings, sorted(model.values))] as const;
  });
  const all = [...made, ...Object.entries(wanted.untouched)];
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function settingsOf(model: WantedModel, prefix: string): Values {
  return {
    model: prefix,
    modelName: model.modelName,
    modelType: model.modelType,
    gpus: model.gpus,
    ingressHost: model.host,
    ...(model.extraHosts.length > 0 ? { extraHosts: model.extraHosts } : {}),
  };
}

/** Settings of a model that come first in its entry, in this order. */
const first = ["model", "modelName", "modelType", "gpus", "ingressHost", "extraHosts"];

/** helm gives live values back by key, so an entry that stays as it is live is put into the order of one that is made: the same values are the same file. */
function withModelsInOrder(values: Values): Values {
  const { models } = values;
  if (!isMap(models)) return values;
  const inOrder = (model: unknown) => {
    if (!isMap(model)) return model;
    const own = sorted(model);
    const known = first.flatMap((key) => (key in own ? [[key, own[key]]] : []));
    return { ...Object.fromEntries(known), ...own };
  };
  return { ...values, models: Object.fromEntries(Object.entries(models).map(([key, model]) => [key, inOrder(model)])) };
}

/** Free values by key, so that their order in a spec changes nothing. */
function sorted(values: Values): Values {
  const inside = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(inside) : isMap(value) ? sorted(value) : value;
  return Object.fromEntries(
    Object.keys(values)
      .sort()
      .map((key) => [key, inside(values[key])]),
  );
}

/** What the finished values say of each model; free values had their word by now. */
export function renderedModels(values: Values): readonly RenderedModel[] {
  const models = valueAt(values, "models");
  return Object.entries(isMap(models) ? models : {}).map(([key, model]) => {
    const text = (field: string) => String(valueAt(model, field) ?? "");
    const host = text("ingressHost");
    return {
      key,
      host,
      url: `https://${host}/v1`,
      modelName: text("modelName"),
      modelType: text("modelType"),
      gpus: Number(valueAt(model, "gpus")),
      prefix: text("model"),
    };
  });
}

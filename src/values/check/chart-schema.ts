import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Finding } from "../../action/context.ts";
import type { Chart } from "../../bundle/chart.ts";
import { nearest } from "../../nearest.ts";
import type { Values } from "../merge.ts";
import { isMap } from "../model.ts";
import type { Places } from "../places.ts";

/** What the chart's values.schema.json does not allow. A schema that cannot be compiled here is left to helm, and said. */
export function schemaFindings(
  all: Values,
  chart: Pick<Chart, "schema" | "label">,
  places: Places,
): readonly Finding[] {
  if (!chart.schema) return [];
  let validate: ValidateFunction;
  try {
    validate = compile(chart.schema);
  } catch (thrown) {
    return [
      {
        code: "VALUES_NOT_LOOKED_AT",
        level: "warning",
        happened: `values.schema.json of ${chart.label} could not be used: ${(thrown as Error).message}.`,
        next: "helm checks it once more when it renders.",
      },
    ];
  }
  if (validate(all)) return [];
  return (validate.errors ?? []).filter(isOwn).map((error) => finding(error, places));
}

/** helm reads drafts 4 to 7, newer ones 2019-09 and 2020-12 too; the chart says which. */
function compile(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const { $schema, $id: _, id: __, ...rest } = schema;
  const options = { allErrors: true, strict: false, validateFormats: false, verbose: true, logger: false } as const;
  const dialect = String($schema ?? "");
  if (dialect.includes("2020-12")) return new Ajv2020(options).compile(rest);
  if (dialect.includes("2019-09")) return new Ajv2019(options).compile(rest);
  return new Ajv(options).compile(rest);
}

/** Errors that only say that a part of a composition failed repeat those of the part. */
function isOwn(error: ErrorObject): boolean {
  return !["if", "oneOf", "anyOf", "allOf"].includes(error.keyword);
}

function finding(error: ErrorObject, places: Places): Finding {
  const path = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const extra = error.params["additionalProperty"] ?? error.params["propertyName"];
  const whole = extra === undefined ? path : [...path, String(extra)];
  const properties = (error.parentSchema as Values | undefined)?.["properties"];
  const near =
    extra === undefined ? undefined : nearest(String(extra), Object.keys(isMap(properties) ? properties : {}));
  return {
    code: "VALUES_CHART_SCHEMA",
    level: "error",
    happened: `The chart does not allow ${whole.join(".") || "the values"}: ${told(error)}.`,
    next: near
      ? `Did you mean ${[...path, near].join(".")}?`
      : "Compare it with values.yaml and values.schema.json of the chart.",
    at: places(whole),
  };
}

function told(error: ErrorObject): string {
  if (error.keyword === "additionalProperties") return "there is no such key";
  if (error.keyword === "enum") return `it must be one of ${(error.params["allowedValues"] as unknown[]).join(", ")}`;
  return `it ${error.message ?? "is wrong"}`;
}

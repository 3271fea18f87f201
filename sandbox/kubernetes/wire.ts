import { parse as parseYaml } from "yaml";
import type { Answer, Call } from "../http.ts";
import type { Writer } from "./api.ts";
import type { Identity } from "./auth.ts";
import type { Kind } from "./kinds.ts";
import type { Json, JsonMap } from "./objects.ts";
import { isMap } from "./objects.ts";
import { jsonPatch } from "./patch/json.ts";
import { mergePatch } from "./patch/merge.ts";
import { strategicPatch } from "./patch/strategic.ts";
import { readProtobuf } from "./protobuf.ts";
import { shapeOf } from "./schema.ts";
import { ApiError, badRequest } from "./status.ts";

export function wantsTable(call: Call): boolean {
  return /as=Table/.test(call.headers.accept ?? "");
}

/** The field manager: as given, else the program's name in the user agent. */
export function writerOf(call: Call, { user }: Identity, subresource?: string): Writer {
  const manager =
    call.query.get("fieldManager") ?? (call.headers["user-agent"] ?? "unknown").split("/")[0] ?? "unknown";
  return {
    user,
    manager,
    dryRun: call.query.getAll("dryRun").includes("All"),
    ...(subresource ? { subresource } : {}),
  };
}

export function contentType(call: Call): string {
  return (call.headers["content-type"] ?? "application/json").split(";")[0]?.trim() ?? "";
}

export async function bodyOf(call: Call): Promise<Json> {
  const type = contentType(call);
  const bytes = await call.body(3 * 1024 * 1024);
  if (bytes.length === 0) return null;
  if (type === "application/vnd.kubernetes.protobuf") {
    const read = readProtobuf(bytes);
    if (read !== undefined) return read;
  }
  if (!/json$|yaml$/.test(type)) {
    throw new ApiError(
      415,
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml (got ${type})`,
    );
  }
  try {
    return (/yaml$/.test(type) ? parseYaml(bytes.toString()) : JSON.parse(bytes.toString())) as Json;
  } catch (error) {
    throw badRequest(`error decoding the request's body: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function patched(type: string, kind: Kind | undefined, current: JsonMap, patch: Json): Json {
  const base = structuredClone(current);
  if (type === "application/merge-patch+json") return mergePatch(base, patch);
  if (type === "application/json-patch+json") return jsonPatch(base, patch);
  if (type === "application/strategic-merge-patch+json" && kind) {
    const shape = shapeOf(kind);
    // Custom resources have no Go types to merge by.
    if (kind.group !== "elbv2.k8s.aws" && kind.group !== "nvidia.com") return strategicPatch(shape, base, patch);
  }
  throw new ApiError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`,
  );
}

export function deleteOptions(body: JsonMap, query: URLSearchParams) {
  const preconditions = isMap(body["preconditions"]) ? body["preconditions"] : {};
  const given =
    body["propagationPolicy"] ??
    query.get("propagationPolicy") ??
    (body["orphanDependents"] === true ? "Orphan" : "Background");
  if (given !== "Background" && given !== "Foreground" && given !== "Orphan") {
    throw badRequest(
      `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: ${JSON.stringify(given)}`,
    );
  }
  const grace = body["gracePeriodSeconds"] ?? query.get("gracePeriodSeconds");
  return {
    propagation: given,
    ...(grace === null || grace === undefined ? {} : { graceSeconds: Number(grace) }),
    ...(typeof preconditions["uid"] === "string" ? { uid: preconditions["uid"] } : {}),
    ...(typeof preconditions["resourceVersion"] === "string"
      ? { resourceVersion: preconditions["resourceVersion"] }
      : {}),
  } as const;
}

/** A JSON answer; warnings go out as the `Warning` headers that clients print. */
export function json(status: number, value: unknown, warnings: readonly string[] = []): Answer {
  const warning = warnings.map((text) => `299 - "${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`).join(", ");
  return {
    status,
    headers: { "content-type": "application/json", ...(warning ? { warning } : {}) },
    body: JSON.stringify(value),
  };
}

/** What a failure looks like on the wire. */
export function failure(error: ApiError): Answer {
  return json(error.code, error.status());
}

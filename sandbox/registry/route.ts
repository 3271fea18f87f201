import { NotBuilt } from "../aws/service.ts";
import type { Call } from "../http.ts";
import type { Operation } from "../requests.ts";

/** What a request of the distribution protocol is about. */
export type Route =
  | { readonly kind: "base" }
  | { readonly kind: "manifest"; readonly name: string; readonly reference: string }
  | { readonly kind: "blob"; readonly name: string; readonly digest: string }
  | { readonly kind: "start"; readonly name: string; readonly mount: string | undefined; readonly from: string }
  | { readonly kind: "upload"; readonly name: string; readonly id: string; readonly digest: string | undefined }
  | { readonly kind: "referrers"; readonly name: string; readonly digest: string };

/** Methods of each kind with the IAM actions that ECR maps them to ("Private image manifest ... IAM permissions", ECR user guide). */
const actions: Readonly<Record<Route["kind"], Readonly<Record<string, readonly string[]>>>> = {
  base: { GET: [] },
  manifest: { HEAD: ["ecr:BatchGetImage"], GET: ["ecr:BatchGetImage"], PUT: ["ecr:PutImage"] },
  blob: { HEAD: ["ecr:BatchCheckLayerAvailability"], GET: ["ecr:GetDownloadUrlForLayer"] },
  start: { POST: ["ecr:InitiateLayerUpload"] },
  upload: { PATCH: ["ecr:UploadLayerPart"], PUT: ["ecr:UploadLayerPart", "ecr:CompleteLayerUpload"] },
  referrers: { GET: ["ecr:ListImageReferrers", "ecr:BatchGetImage"] },
};

/** Finds the route of a request; throws `NotBuilt` for what no product call asks. */
export function routeOf(call: Call): Route {
  const { path, query } = call;
  if (path === "/v2/" || path === "/v2") return { kind: "base" };
  const upload = /^\/v2\/(.+)\/blobs\/uploads\/([^/]*)$/.exec(path);
  if (upload?.[2] === "")
    return { kind: "start", name: upload[1]!, mount: query.get("mount") ?? undefined, from: query.get("from") ?? "" };
  if (upload) return { kind: "upload", name: upload[1]!, id: upload[2]!, digest: query.get("digest") ?? undefined };
  const found = /^\/v2\/(.+)\/(manifests|blobs|referrers)\/([^/]+)$/.exec(path);
  if (!found) throw new NotBuilt("registry", `${call.method} ${path}`);
  const [, name = "", what = "", last = ""] = found;
  if (what === "manifests") return { kind: "manifest", name, reference: last };
  return { kind: what === "blobs" ? "blob" : "referrers", name, digest: last };
}

const nouns = { start: "upload", base: "base" } as const;

export function operationOf(call: Call, route: Route): Operation {
  const iam = actions[route.kind][call.method];
  const noun = nouns[route.kind as keyof typeof nouns] ?? route.kind;
  if (!iam) throw new NotBuilt("registry", `${call.method} ${noun}`);
  const mounting = route.kind === "start" && route.mount !== undefined;
  return {
    service: "registry",
    name: mounting ? "POST mount" : `${call.method} ${noun}`,
    write: ["POST", "PATCH", "PUT"].includes(call.method),
    iam: mounting ? [...iam, "ecr:GetDownloadUrlForLayer"] : iam,
    resource: resourceOf(route),
  };
}

function resourceOf(route: Route): string {
  if (route.kind === "base") return "";
  if (route.kind === "manifest")
    return route.reference.startsWith("sha256:")
      ? `${route.name}@${route.reference}`
      : `${route.name}:${route.reference}`;
  if (route.kind === "blob" || route.kind === "referrers") return `${route.name}@${route.digest}`;
  return route.name;
}

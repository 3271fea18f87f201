import { randomUUID } from "node:crypto";
import { NotBuilt } from "../aws/service.ts";
import { type Answer, type Call, listen } from "../http.ts";
import { type Ground, serve } from "../service.ts";
import { blobBytes, listReferrers, putManifest, readBlob, readManifest } from "./content.ts";
import { errorAnswer, RegistryError, registryHeaders } from "./errors.ts";
import { callerOf, type RegistryAuthorise, type RegistryRequest, requireRights } from "./request.ts";
import { operationOf, type Route, routeOf } from "./route.ts";
import type { RegistryState } from "./state.ts";
import { finishUpload, patchUpload, startUpload } from "./uploads.ts";

export interface RegistryOptions {
  readonly state: RegistryState;
  /** Rights of role sessions; default: everybody with a token may do everything. */
  readonly authorise?: RegistryAuthorise;
  /** Port to listen on; default: a free one. */
  readonly port?: number;
}

/** A registry that listens. */
export interface Registry {
  /** `http://127.0.0.1:<port>`: ECR's proxy endpoint. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the registry over plain http on loopback, and the bytes of its blobs under another host name, to which clients must not carry their credentials. */
export async function startRegistry(ground: Ground, options: RegistryOptions): Promise<Registry> {
  const { state } = options;
  const downloads = new Map<string, { readonly repository: string; readonly digest: string }>();
  const store = await listen((call) => download(ground, state, downloads, call), ground.onDefect);
  const downloadUrl = (repository: string, digest: string) => {
    const id = randomUUID();
    downloads.set(id, { repository, digest });
    return `http://localhost:${store.port}/${id}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=${id.replaceAll("-", "")}`;
  };
  const authorise = options.authorise ?? (() => undefined);
  const registry = await listen(
    (call) => handle(ground, { call, state, authorise, downloadUrl }),
    ground.onDefect,
    undefined,
    options.port,
  );
  state.host = new URL(registry.url).host;
  return {
    url: registry.url,
    close: async () => {
      await Promise.all([registry.close(), store.close()]);
    },
  };
}

async function handle(ground: Ground, parts: Omit<RegistryRequest, "caller">): Promise<Answer | undefined> {
  const { call, state } = parts;
  let route: Route;
  let operation: ReturnType<typeof operationOf>;
  try {
    route = routeOf(call);
    operation = operationOf(call, route);
  } catch (thrown) {
    if (!(thrown instanceof NotBuilt)) throw thrown;
    ground.onDefect(thrown);
    const unknown = { service: "registry", name: `${call.method} ${call.path}`, write: false, iam: [], resource: "" };
    return serve(ground, call, unknown, async () => errorAnswer(new RegistryError(501, "UNSUPPORTED", thrown.message)));
  }
  return serve(ground, call, operation, async (entry) => {
    try {
      const caller = callerOf(call, state);
      entry.principal = caller.arn;
      const request: RegistryRequest = { ...parts, caller };
      if (route.kind !== "base") {
        checkName(route.name);
        // The right to read a mount's source is asked for that repository, and a no there makes a plain upload.
        const needed = operation.iam.filter((action) => route.kind !== "start" || action === "ecr:InitiateLayerUpload");
        requireRights(request, needed, route.name);
      }
      return await run(request, route);
    } catch (thrown) {
      // The rest of a refused body is taken in, so that its sender reads the refusal.
      if (!call.request.complete) call.request.resume();
      if (thrown instanceof RegistryError) return errorAnswer(thrown);
      throw thrown;
    }
  });
}

function run(request: RegistryRequest, route: Route): Answer | undefined | Promise<Answer | undefined> {
  const { method } = request.call;
  switch (route.kind) {
    case "base":
      return { status: 200, headers: { ...registryHeaders, "content-type": "text/plain" } };
    case "manifest":
      return method === "PUT" ? putManifest(request, route) : readManifest(request, route);
    case "blob":
      return readBlob(request, route);
    case "start":
      return startUpload(request, route);
    case "upload":
      return method === "PATCH" ? patchUpload(request, route) : finishUpload(request, route);
    case "referrers":
      return listReferrers(request, route);
  }
}

/** Names as ECR's model has them; a path of any other shape reaches no repository. */
function checkName(name: string): void {
  if (name.length < 2 || name.length > 256 || !namePattern.test(name))
    throw new RegistryError(
      405,
      "UNSUPPORTED",
      `Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '${namePattern.source}''`,
    );
}

const namePattern = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** Where download URLs lead: like S3, it takes no second kind of credentials beside the URL's own. */
function download(
  ground: Ground,
  state: RegistryState,
  downloads: ReadonlyMap<string, { readonly repository: string; readonly digest: string }>,
  call: Call,
): Promise<Answer | undefined> {
  const found = downloads.get(call.path.slice(1));
  const resource = found ? `${found.repository}@${found.digest}` : "";
  const operation = { service: "registry", name: `${call.method} download`, write: false, iam: [], resource };
  return serve(ground, call, operation, async () => {
    if (call.headers.authorization !== undefined) return xml(400, "InvalidArgument", "Only one auth mechanism allowed");
    if (!found || call.method !== "GET") return xml(403, "AccessDenied", "Access Denied");
    return blobBytes(state.repository(found.repository), found.digest);
  });
}

function xml(status: number, code: string, message: string): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, headers: { "content-type": "application/xml" }, body };
}

import { createHash, randomUUID } from "node:crypto";
import type { Answer } from "../http.ts";
import { RegistryError, refused, registryHeaders } from "./errors.ts";
import { isDigest } from "./manifest.ts";
import { availableBlob, type Repository, type Upload } from "./repository.ts";
import { existing, type RegistryRequest } from "./request.ts";
import type { Route } from "./route.ts";

/** POST: begins an upload, or mounts a blob from another repository where everything allows it. */
export function startUpload(request: RegistryRequest, route: Extract<Route, { kind: "start" }>): Answer {
  const { state } = request;
  const repository = state.forPush(route.name);
  if (!repository) throw refused.unknownRepository(route.name, state.account);
  if (route.mount !== undefined && mount(request, repository, route.mount, route.from))
    return created(request, route.name, route.mount);
  const hash = createHash("sha256");
  const id = randomUUID();
  const upload: Upload = {
    id,
    chunks: [],
    received: 0,
    told: -1,
    hash: { update: (chunk) => hash.update(chunk), digest: () => `sha256:${hash.digest("hex")}` },
  };
  repository.uploads.set(id, upload);
  return { status: 202, headers: { ...sessionHeaders(request, route.name, id), range: "0-0", "content-length": "0" } };
}

/** Rules of "Blob mounting", ECR user guide: opted in, same encryption, readable source, and an image there that has the blob. */
function mount(request: RegistryRequest, target: Repository, digest: string, from: string): boolean {
  const { state, caller } = request;
  const source = state.repositories.get(from);
  if (state.blobMounting !== "ENABLED" || !source) return false;
  const { encryption } = source;
  if (encryption.type !== target.encryption.type || encryption.keyArn !== target.encryption.keyArn) return false;
  if (request.authorise(caller, "ecr:GetDownloadUrlForLayer", state.arn(from)) !== undefined) return false;
  const known = [...source.images.values()].some(({ manifest }) =>
    manifest.blobs.some((blob) => blob.digest === digest),
  );
  const blob = known ? availableBlob(source, digest) : undefined;
  if (blob) target.blobs.set(digest, blob);
  return blob !== undefined;
}

/** PATCH: takes bytes in. ECR answers 201, and its Range tells of the PATCH before (issue aws/containers-roadmap#2831). */
export async function patchUpload(
  request: RegistryRequest,
  route: Extract<Route, { kind: "upload" }>,
): Promise<Answer | undefined> {
  const upload = openUpload(request, route);
  if (!upload) return hangUp(request);
  checkRange(request, upload);
  const told = upload.told;
  const whole = await take(request, route.name, upload);
  if (!whole) return undefined;
  upload.told = upload.received - 1;
  const shown = told < 0 ? upload.told : told;
  return {
    status: 201,
    headers: {
      ...sessionHeaders(request, route.name, upload.id),
      range: `0-${Math.max(0, shown)}`,
      "content-length": "0",
    },
  };
}

/** PUT: takes the rest in, compares the digest, and makes the blob. */
export async function finishUpload(
  request: RegistryRequest,
  route: Extract<Route, { kind: "upload" }>,
): Promise<Answer | undefined> {
  const { state } = request;
  const upload = openUpload(request, route);
  if (!upload) return hangUp(request);
  if (!route.digest || !isDigest(route.digest))
    throw new RegistryError(400, "DIGEST_INVALID", `Invalid parameter at 'layerDigest': '${route.digest ?? ""}'`);
  checkRange(request, upload);
  const whole = await take(request, route.name, upload);
  if (!whole) return undefined;
  const repository = existing(request, route.name);
  repository.uploads.delete(upload.id);
  if (upload.received === 0 && !route.digest.startsWith("sha256:e3b0c44298fc1c14"))
    throw new RegistryError(400, "BLOB_UPLOAD_INVALID", `The upload with id '${upload.id}' contains no layer parts.`);
  const digest = upload.hash.digest();
  if (digest !== route.digest)
    throw new RegistryError(
      400,
      "DIGEST_INVALID",
      `The layer digest calculated by the registry '${digest}' does not match the digest '${route.digest}'.`,
    );
  repository.blobs.set(digest, { size: upload.received, content: state.discard ? undefined : upload.chunks });
  return created(request, route.name, digest);
}

/** The session; undefined when its repository is gone, which ECR shows by closing the connection (issue dotnet/sdk-container-builds#279). */
function openUpload({ state }: RegistryRequest, route: Extract<Route, { kind: "upload" }>): Upload | undefined {
  const repository = state.repositories.get(route.name);
  if (!repository) return undefined;
  const upload = repository.uploads.get(route.id);
  if (!upload) throw refused.unknownUpload(route.id, route.name, state.account);
  return upload;
}

function hangUp({ call }: RegistryRequest): undefined {
  call.response.statusCode = 404;
  call.request.socket.resetAndDestroy();
  return undefined;
}

function checkRange({ call }: RegistryRequest, upload: Upload): void {
  const given = call.headers["content-range"];
  if (given === undefined) return;
  const start = /^(?:bytes )?(\d+)-(\d+)(?:\/\S+)?$/.exec(given)?.[1];
  if (start === undefined || Number(start) !== upload.received)
    throw new RegistryError(
      416,
      "BLOB_UPLOAD_INVALID",
      `The layer part starts at '${start ?? given}', the upload has ${upload.received} bytes.`,
    );
}

/** Takes the body in; false when the sender went away, which ends the session. */
async function take(request: RegistryRequest, name: string, upload: Upload): Promise<boolean> {
  const { call, state } = request;
  const end = () => state.repositories.get(name)?.uploads.delete(upload.id);
  try {
    for await (const chunk of call.request as AsyncIterable<Buffer>) {
      upload.received += chunk.length;
      if (upload.received > state.limits.layerBytes) {
        end();
        throw new RegistryError(
          400,
          "SIZE_INVALID",
          `The layer exceeds the maximum size of ${state.limits.layerBytes} bytes.`,
        );
      }
      upload.hash.update(chunk);
      if (!state.discard) upload.chunks.push(chunk);
    }
  } catch (thrown) {
    if (thrown instanceof RegistryError) throw thrown;
    end();
    call.response.statusCode = 499;
    return false;
  }
  return true;
}

function sessionHeaders({ state }: RegistryRequest, name: string, id: string) {
  return {
    ...registryHeaders,
    location: `http://${state.host}/v2/${name}/blobs/uploads/${id}`,
    "docker-upload-uuid": id,
  };
}

function created({ state }: RegistryRequest, name: string, digest: string): Answer {
  return {
    status: 201,
    headers: {
      ...registryHeaders,
      location: `http://${state.host}/v2/${name}/blobs/${digest}`,
      "docker-content-digest": digest,
      "content-length": "0",
    },
  };
}

import type { Answer } from "../http.ts";

/** A refusal of the registry; codes of the OCI distribution specification, texts as ECR has them. */
export class RegistryError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const registryHeaders = { "docker-distribution-api-version": "registry/2.0" } as const;

export function errorAnswer({ status, code, message, headers }: RegistryError): Answer {
  return {
    status,
    headers: { ...registryHeaders, "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify({ errors: [{ code, message }] }),
  };
}

export const refused = {
  unknownRepository: (name: string, account: string) =>
    new RegistryError(
      404,
      "NAME_UNKNOWN",
      `The repository with name '${name}' does not exist in the registry with id '${account}'`,
    ),
  unknownManifest: () => new RegistryError(404, "MANIFEST_UNKNOWN", "Requested image not found"),
  unknownUpload: (id: string, name: string, account: string) =>
    new RegistryError(
      404,
      "BLOB_UPLOAD_UNKNOWN",
      `The upload with id '${id}' in the repository with name '${name}' in the registry with id '${account}' cannot be found.`,
    ),
  /** ECR's InvalidParameterException, as its registry writes it. */
  invalidManifest: (rule: string) =>
    new RegistryError(
      405,
      "UNSUPPORTED",
      `Invalid parameter at 'ImageManifest' failed to satisfy constraint: '${rule}'`,
    ),
  missing: (what: "Layers" | "Images", digests: readonly string[], name: string, account: string) =>
    new RegistryError(
      404,
      what === "Layers" ? "BLOB_UPLOAD_UNKNOWN" : "MANIFEST_UNKNOWN",
      `${what} with digests '[${digests.join(", ")}]' required for pushing image into repository with name '${name}' in the registry with id '${account}' do not exist`,
    ),
  immutableTag: (tag: string, name: string) =>
    new RegistryError(
      400,
      "TAG_INVALID",
      `The image tag '${tag}' already exists in the '${name}' repository and cannot be overwritten because the tag is immutable.`,
    ),
} as const;

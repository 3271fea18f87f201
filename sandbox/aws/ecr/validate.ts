import type { Encryption, Mutability, RepositorySettings } from "../../registry/repository.ts";
import type { JsonInput } from "../json.ts";
import { AwsError } from "../service.ts";

/** Finds a KMS key by id, ARN or alias; undefined: there is none. */
export type KeyFinder = (reference: string) => { readonly arn: string; readonly enabled: boolean } | undefined;

const mutabilities: readonly Mutability[] = [
  "MUTABLE",
  "IMMUTABLE",
  "IMMUTABLE_WITH_EXCLUSION",
  "MUTABLE_WITH_EXCLUSION",
];

export function invalid(message: string): AwsError {
  return new AwsError(400, "InvalidParameterException", message);
}

/** `Invalid parameter at '<member>' failed to satisfy constraint: '<rule>'`, as ECR words it. */
export function constraint(member: string, rule: string): AwsError {
  return invalid(`Invalid parameter at '${member}' failed to satisfy constraint: '${rule}'`);
}

/** A repository's name as ECR's model has it: 2 to 256 characters. */
export function repositoryName(input: JsonInput): string {
  const name = input["repositoryName"];
  if (typeof name !== "string" || name.length < 2 || name.length > 256)
    throw constraint("repositoryName", "must have length between 2 and 256");
  if (!/^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name))
    throw constraint(
      "repositoryName",
      "must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'",
    );
  return name;
}

/** Mutability and its exclusion filters: 1 to 5 wildcard filters with the two kinds that take them, none with the others. */
export function mutabilityOf(input: JsonInput): Pick<RepositorySettings, "mutability" | "exclusions"> {
  const mutability = (input["imageTagMutability"] ?? "MUTABLE") as Mutability;
  if (!mutabilities.includes(mutability))
    throw constraint("imageTagMutability", `Member must satisfy enum value set: [${mutabilities.join(", ")}]`);
  const given = (input["imageTagMutabilityExclusionFilters"] ?? []) as readonly JsonInput[];
  const takes = mutability.endsWith("_WITH_EXCLUSION");
  if (takes && (given.length < 1 || given.length > 5))
    throw constraint("imageTagMutabilityExclusionFilters", "must have between 1 and 5 filters");
  if (!takes && given.length > 0)
    throw invalid(`imageTagMutabilityExclusionFilters cannot be given with imageTagMutability ${mutability}`);
  return { mutability, exclusions: given.map(filterOf) };
}

function filterOf({ filterType, filter }: JsonInput): string {
  if (filterType !== "WILDCARD") throw constraint("filterType", "Member must satisfy enum value set: [WILDCARD]");
  if (typeof filter !== "string" || !/^[0-9a-zA-Z._*-]{1,128}$/.test(filter))
    throw constraint("filter", "must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}$'");
  if (filter.split("*").length > 3) throw invalid(`The filter '${filter}' has more than two wildcards`);
  return filter;
}

export function encryptionOf(input: JsonInput, keys: KeyFinder): Encryption {
  const given = (input["encryptionConfiguration"] ?? { encryptionType: "AES256" }) as JsonInput;
  const type = given["encryptionType"] as Encryption["type"];
  if (!["AES256", "KMS", "KMS_DSSE"].includes(type))
    throw constraint("encryptionType", "Member must satisfy enum value set: [AES256, KMS, KMS_DSSE]");
  const reference = given["kmsKey"];
  if (type === "AES256") {
    if (reference !== undefined) throw invalid("kmsKey cannot be given with encryptionType AES256");
    return { type };
  }
  const key = keys(typeof reference === "string" ? reference : "alias/aws/ecr");
  if (!key)
    throw new AwsError(400, "KmsException", `Key '${String(reference)}' does not exist`, {
      kmsError: "NotFoundException",
    });
  if (!key.enabled)
    throw new AwsError(400, "KmsException", `${key.arn} is disabled.`, { kmsError: "DisabledException" });
  return { type, keyArn: key.arn };
}

/** Tags of a request over those that stand; at most 50. */
export function readTags(
  given: unknown,
  standing: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const tags = new Map(standing);
  const seen = new Set<string>();
  for (const { Key, Value } of (given ?? []) as readonly JsonInput[]) {
    if (typeof Key !== "string" || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(Key)) throw wrongTag(Key);
    if (typeof Value !== "string" || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(Value)) throw wrongTag(Key);
    if (/^aws:/i.test(Key) || seen.has(Key)) throw wrongTag(Key);
    seen.add(Key);
    tags.set(Key, Value);
  }
  if (tags.size > 50)
    throw new AwsError(400, "TooManyTagsException", "The list of tags on the repository is over the limit of 50.");
  return tags;
}

function wrongTag(key: unknown): AwsError {
  return new AwsError(
    400,
    "InvalidTagParameterException",
    `An invalid parameter has been specified: tag '${String(key)}'`,
  );
}

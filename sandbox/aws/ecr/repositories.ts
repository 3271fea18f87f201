import type { Repository } from "../../registry/repository.ts";
import type { CreationTemplate, RegistryState } from "../../registry/state.ts";
import type { JsonInput, JsonOperation } from "../json.ts";
import { MalformedPolicy, readPolicy } from "../policy/document.ts";
import { AwsError } from "../service.ts";
import { page } from "./pages.ts";
import { withoutPrincipals } from "./policy.ts";
import {
  constraint,
  encryptionOf,
  invalid,
  type KeyFinder,
  mutabilityOf,
  readTags,
  repositoryName,
} from "./validate.ts";

/** Calls about repositories and their settings. */
export function repositoryOperations(state: RegistryState, keys: KeyFinder): Readonly<Record<string, JsonOperation>> {
  const nameOf = (input: JsonInput) => String(input["repositoryName"] ?? "");
  const named = { resource: nameOf, context: (input: JsonInput) => standingTags(state, nameOf(input)) };
  const byArn = { resource: (input: JsonInput) => nameOfArn(String(input["resourceArn"] ?? "")) };
  const keyOf = ({ encryptionConfiguration }: JsonInput) => {
    const { encryptionType, kmsKey } = (encryptionConfiguration ?? {}) as JsonInput;
    return encryptionType === undefined || encryptionType === "AES256"
      ? undefined
      : keys(String(kmsKey ?? "alias/aws/ecr"))?.arn;
  };
  return {
    DescribeRepositories: {
      resource: ({ repositoryNames }) => (Array.isArray(repositoryNames) ? repositoryNames.join(",") : ""),
      run: (input) => describe(state, input),
    },
    CreateRepository: {
      ...named,
      write: true,
      iam: (input) => [
        "ecr:CreateRepository",
        ...(hasTags(input) ? ["ecr:TagResource"] : []),
        ...(keyOf(input) ? ["kms:CreateGrant", "kms:DescribeKey"] : []),
      ],
      elsewhere: (input): Readonly<Record<string, string>> => {
        const key = keyOf(input);
        return key ? { "kms:CreateGrant": key, "kms:DescribeKey": key } : {};
      },
      context: (input) => tagContext(input["tags"]),
      run: (input) => create(state, keys, input),
    },
    TagResource: {
      ...byArn,
      write: true,
      context: (input) => ({
        ...standingTags(state, nameOfArn(String(input["resourceArn"]))),
        ...tagContext(input["tags"]),
      }),
      run: (input) => {
        const found = repositoryOf(state, nameOfArn(String(input["resourceArn"])));
        found.resourceTags = readTags(input["tags"], found.resourceTags);
        return {};
      },
    },
    ListTagsForResource: {
      ...byArn,
      run: (input) => {
        const { resourceTags } = repositoryOf(state, nameOfArn(String(input["resourceArn"])));
        return { tags: [...resourceTags].map(([Key, Value]) => ({ Key, Value })) };
      },
    },
    GetRepositoryPolicy: {
      ...named,
      run: (input) => {
        const found = repositoryOf(state, repositoryName(input));
        if (found.policy === undefined)
          throw new AwsError(
            400,
            "RepositoryPolicyNotFoundException",
            `Repository policy does not exist for the repository with name '${found.name}' in the registry with id '${state.account}'`,
          );
        return shownPolicy(state, found);
      },
    },
    SetRepositoryPolicy: {
      ...named,
      write: true,
      run: (input) => {
        const found = repositoryOf(state, repositoryName(input));
        found.policy = checkedPolicy(input["policyText"]);
        return shownPolicy(state, found);
      },
    },
    DescribeRepositoryCreationTemplates: {
      run: (input) => describeTemplates(state, input),
    },
  };
}

/** The repository, or ECR's refusal. */
export function repositoryOf(state: RegistryState, name: string): Repository {
  const found = state.repositories.get(name);
  if (!found)
    throw new AwsError(
      400,
      "RepositoryNotFoundException",
      `The repository with name '${name}' does not exist in the registry with id '${state.account}'`,
    );
  return found;
}

function describe(state: RegistryState, input: JsonInput) {
  const names = input["repositoryNames"] as readonly string[] | undefined;
  if (names === undefined) {
    const { items, nextToken } = page(input, [...state.repositories.values()]);
    return { repositories: items.map((each) => show(state, each)), nextToken };
  }
  if (names.length < 1 || names.length > 100) throw constraint("repositoryNames", "must have between 1 and 100 names");
  if (input["maxResults"] !== undefined || input["nextToken"] !== undefined)
    throw invalid("maxResults and nextToken cannot be given with repositoryNames");
  const found = names.map((each) => repositoryOf(state, repositoryName({ repositoryName: each })));
  return { repositories: found.map((each) => show(state, each)) };
}

function create(state: RegistryState, keys: KeyFinder, input: JsonInput) {
  const name = repositoryName(input);
  const scanning = (input["imageScanningConfiguration"] ?? {}) as JsonInput;
  const settings = {
    ...mutabilityOf(input),
    encryption: encryptionOf(input, keys),
    resourceTags: readTags(input["tags"]),
    scanOnPush: scanning["scanOnPush"] === true,
  };
  if (state.repositories.has(name))
    throw new AwsError(
      400,
      "RepositoryAlreadyExistsException",
      `The repository with name '${name}' already exists in the registry with id '${state.account}'`,
    );
  if (state.repositories.size >= state.limits.repositories)
    throw new AwsError(
      400,
      "LimitExceededException",
      `The repository with name '${name}' in registry with id '${state.account}' cannot be created because the limit of ${state.limits.repositories} repositories is reached`,
    );
  return { repository: show(state, state.add(name, settings)) };
}

function show(state: RegistryState, repository: Repository) {
  const { name, mutability, exclusions, encryption } = repository;
  return {
    repositoryArn: state.arn(name),
    registryId: state.account,
    repositoryName: name,
    repositoryUri: state.uri(name),
    createdAt: new Date(repository.createdAt),
    imageTagMutability: mutability,
    ...(exclusions.length > 0 ? { imageTagMutabilityExclusionFilters: filters(exclusions) } : {}),
    imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
    encryptionConfiguration: { encryptionType: encryption.type, kmsKey: encryption.keyArn },
  };
}

function describeTemplates(state: RegistryState, input: JsonInput) {
  const prefixes = input["prefixes"] as readonly string[] | undefined;
  const wanted = prefixes ? state.templates.filter(({ prefix }) => prefixes.includes(prefix)) : state.templates;
  if (prefixes && wanted.length < prefixes.length)
    throw new AwsError(
      400,
      "TemplateNotFoundException",
      `No repository creation template with prefix '${prefixes.join(", ")}' exists in the registry with id '${state.account}'`,
    );
  const { items, nextToken } = page(input, wanted);
  return { registryId: state.account, repositoryCreationTemplates: items.map(showTemplate), nextToken };
}

function showTemplate({ prefix, appliedFor, settings, description }: CreationTemplate) {
  const { mutability = "MUTABLE", exclusions = [], encryption = { type: "AES256" as const }, resourceTags } = settings;
  return {
    prefix,
    appliedFor,
    description,
    imageTagMutability: mutability,
    ...(exclusions.length > 0 ? { imageTagMutabilityExclusionFilters: filters(exclusions) } : {}),
    encryptionConfiguration: { encryptionType: encryption.type, kmsKey: encryption.keyArn },
    resourceTags: [...(resourceTags ?? [])].map(([Key, Value]) => ({ Key, Value })),
    repositoryPolicy: settings.policy,
  };
}

function filters(exclusions: readonly string[]) {
  return exclusions.map((filter) => ({ filterType: "WILDCARD", filter }));
}

/** A policy of at most 10,240 characters whose statements name principals and no resource. */
function checkedPolicy(text: unknown): string {
  if (typeof text !== "string" || text.length > 10_240)
    throw constraint("PolicyText", "must have length between 0 and 10240");
  try {
    const document = JSON.parse(text) as { readonly Statement?: readonly { readonly Principal?: unknown }[] };
    const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
    if (statements.some((statement) => statement?.Principal === undefined)) throw new MalformedPolicy("Principal");
    readPolicy(withoutPrincipals(document, statements as readonly object[]), "identity");
  } catch (thrown) {
    if (!(thrown instanceof MalformedPolicy || thrown instanceof SyntaxError || thrown instanceof TypeError))
      throw thrown;
    throw constraint("PolicyText", "Invalid repository policy provided");
  }
  return text;
}

function shownPolicy(state: RegistryState, { name, policy }: Repository) {
  return { registryId: state.account, repositoryName: name, policyText: policy };
}

function nameOfArn(arn: string): string {
  const name = /^arn:[^:]+:ecr:[^:]*:\d+:repository\/(.+)$/.exec(arn)?.[1];
  if (name === undefined) throw invalid(`Invalid parameter at 'resourceArn': '${arn}'`);
  return name;
}

function hasTags({ tags }: JsonInput): boolean {
  return Array.isArray(tags) && tags.length > 0;
}

function tagContext(tags: unknown): Readonly<Record<string, string>> {
  if (!Array.isArray(tags)) return {};
  return Object.fromEntries(tags.map(({ Key, Value }) => [`aws:RequestTag/${String(Key)}`, String(Value)]));
}

function standingTags(state: RegistryState, name: string): Readonly<Record<string, string>> {
  const tags = state.repositories.get(name)?.resourceTags ?? new Map<string, string>();
  return Object.fromEntries([...tags].map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
}

import type { Repository as EcrRepository } from "@aws-sdk/client-ecr";
import { ecrClient } from "../../aws/ecr.ts";
import { errorName, fromAws } from "../../aws/errors.ts";
import type { Aws } from "../../aws/session.ts";

/** A repository as ECR describes it. */
export interface Repository {
  readonly name: string;
  readonly arn: string;
  /** `IMMUTABLE`, `MUTABLE`, `IMMUTABLE_WITH_EXCLUSION` or `MUTABLE_WITH_EXCLUSION`. */
  readonly mutability: string;
  /** Wildcard filters of the two settings with exclusions. */
  readonly exclusions: readonly string[];
}

/** DescribeRepositories takes at most so many names. */
const batch = 100;

/** The repositories of `names` that exist. One missing name fails a whole batch, so a batch that fails is asked for by halves. */
export async function describeRepositories(
  names: readonly string[],
  aws: Aws,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Repository>> {
  const found = new Map<string, Repository>();
  for (let at = 0; at < names.length; at += batch) {
    for (const repository of await describe(names.slice(at, at + batch), aws, signal))
      found.set(repository.name, repository);
  }
  return found;
}

async function describe(names: readonly string[], aws: Aws, signal: AbortSignal): Promise<readonly Repository[]> {
  const client = await ecrClient(aws);
  const { DescribeRepositoriesCommand } = await import("@aws-sdk/client-ecr");
  try {
    const input = { registryId: aws.account, repositoryNames: [...names] };
    const answer = await client.send(new DescribeRepositoriesCommand(input), { abortSignal: signal });
    return (answer.repositories ?? []).map(repositoryOf);
  } catch (thrown) {
    if (errorName(thrown) !== "RepositoryNotFoundException")
      throw fromAws(thrown, `describing the repositories ${names.join(", ")}`);
    if (names.length === 1) return [];
    const half = Math.ceil(names.length / 2);
    const halves = [names.slice(0, half), names.slice(half)];
    return (await Promise.all(halves.map((part) => describe(part, aws, signal)))).flat();
  }
}

export function repositoryOf(answer: EcrRepository): Repository {
  return {
    name: answer.repositoryName ?? "",
    arn: answer.repositoryArn ?? "",
    mutability: answer.imageTagMutability ?? "MUTABLE",
    exclusions: (answer.imageTagMutabilityExclusionFilters ?? []).flatMap((filter) => filter.filter ?? []),
  };
}

/** Whether ECR refuses to move `tag` in this repository; a filter's `*` stands for any characters. */
export function isImmutable(repository: Pick<Repository, "mutability" | "exclusions">, tag: string): boolean {
  const excluded = repository.exclusions.some((filter) =>
    new RegExp(`^${filter.split("*").map(literal).join(".*")}$`).test(tag),
  );
  return repository.mutability.startsWith("IMMUTABLE") ? !excluded : excluded;
}

function literal(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&");
}

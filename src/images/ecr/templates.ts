import { ecrClient } from "../../aws/ecr.ts";
import { errorName, fromAws } from "../../aws/errors.ts";
import type { Aws } from "../../aws/session.ts";

/** A repository creation template that ECR applies when something is pushed into a repository that is not there. */
export interface PushTemplate {
  /** `ROOT`: any repository that no longer prefix matches. */
  readonly prefix: string;
  readonly mutability: string;
}

/** Templates with `CREATE_ON_PUSH`; `undefined` where the caller may not look. */
export async function pushTemplates(aws: Aws, signal: AbortSignal): Promise<readonly PushTemplate[] | undefined> {
  const client = await ecrClient(aws);
  const { DescribeRepositoryCreationTemplatesCommand } = await import("@aws-sdk/client-ecr");
  const found: PushTemplate[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const answer = await client.send(
        new DescribeRepositoryCreationTemplatesCommand({ maxResults: 100, ...(nextToken ? { nextToken } : {}) }),
        { abortSignal: signal },
      );
      for (const template of answer.repositoryCreationTemplates ?? []) {
        if ((template.appliedFor as readonly string[] | undefined)?.includes("CREATE_ON_PUSH"))
          found.push({ prefix: template.prefix ?? "ROOT", mutability: template.imageTagMutability ?? "MUTABLE" });
      }
      nextToken = answer.nextToken;
    } while (nextToken);
    return found;
  } catch (thrown) {
    if (errorName(thrown) === "AccessDeniedException") return undefined;
    throw fromAws(thrown, "reading the repository creation templates");
  }
}

/** The template that ECR would apply to `repository`: the longest prefix of whole path parts, else `ROOT`. */
export function templateFor(repository: string, templates: readonly PushTemplate[]): PushTemplate | undefined {
  const matching = templates.filter(({ prefix }) => repository.startsWith(`${prefix.replace(/\/$/, "")}/`));
  const [longest] = matching.toSorted((one, other) => other.prefix.length - one.prefix.length);
  return longest ?? templates.find(({ prefix }) => prefix === "ROOT");
}

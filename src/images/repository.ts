import { type ImageClients, type ImageInputs, settingsOf } from "./connect.ts";
import { createRepository } from "./ecr/create.ts";
import { setPullPolicy } from "./ecr/pull-policy.ts";
import { describeRepositories } from "./ecr/repositories.ts";
import { templateFor } from "./ecr/templates.ts";
import { missingRepositories } from "./plan.ts";
import type { ImagesPlanned } from "./planned.ts";

/** Makes what is missing, and lets other accounts pull from what is ours. Gives the repositories that this made, and which are empty therefore. */
export async function prepareRepositories(
  create: readonly string[],
  policies: readonly string[],
  inputs: ImageInputs,
  { aws, ctx }: ImageClients,
): Promise<Set<string>> {
  const settings = settingsOf(inputs);
  const empty = new Set<string>();
  await Promise.all(
    create.map(async (name) => {
      if (await createRepository(name, settings, aws, ctx.signal)) empty.add(name);
      if (settings.pullAccounts.length > 0) await setPullPolicy(name, settings.pullAccounts, aws, ctx.signal);
      ctx.log.info(`The repository ${name} was created.`);
    }),
  );
  for (const name of policies) await setPullPolicy(name, settings.pullAccounts, aws, ctx.signal);
  return empty;
}

/** Makes the repository of an image that came to light only while its bundle passed; one that is there is used as it is. Gives whether it was made. */
export async function ensureRepository(
  name: string,
  { inputs, observed, work }: ImagesPlanned,
  clients: ImageClients,
): Promise<boolean> {
  if (observed.repositories.has(name) || work.create.includes(name)) return false;
  if ((await describeRepositories([name], clients.aws, clients.ctx.signal)).has(name)) return false;
  if (templateFor(name, observed.templates ?? [])) return false;
  if (!inputs.createRepositories) throw missingRepositories([name]);
  return (await prepareRepositories([name], [], inputs, clients)).has(name);
}

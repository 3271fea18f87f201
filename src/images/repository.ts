import { type ImagesPlanned, prepareRepositories } from "./apply.ts";
import type { ImageClients } from "./connect.ts";
import { describeRepositories } from "./ecr/repositories.ts";
import { templateFor } from "./ecr/templates.ts";
import { missingRepositories } from "./plan.ts";

/** Makes the repository of an image that came to light only while its bundle passed; one that is there is used as it is. */
export async function ensureRepository(
  name: string,
  { inputs, observed, work }: ImagesPlanned,
  clients: ImageClients,
): Promise<void> {
  if (observed.repositories.has(name) || work.create.includes(name)) return;
  if ((await describeRepositories([name], clients.aws, clients.ctx.signal)).has(name)) return;
  if (templateFor(name, observed.templates ?? [])) return;
  if (!inputs.createRepositories) throw missingRepositories([name]);
  await prepareRepositories([name], [], inputs, clients);
}

import { resolve } from "node:path";
import type { Context } from "../action/context.ts";
import type { SourceRef } from "../action/references.ts";
import { type Agents, createAgents } from "../agent.ts";
import type { Aws } from "../aws/session.ts";
import { openFile } from "../bytes/file.ts";
import type { Source } from "../bytes/source.ts";
import { openObject } from "./object-source.ts";
import { openUrl } from "./url-source.ts";

/** What opening a source may need; `aws` is asked only for an object in S3. */
export interface Means {
  readonly ctx: Context;
  aws(): Promise<Aws>;
}

/** Connections at once to the server of a URL. */
const connections = 64;

const agentsOf = new WeakMap<Context["ambient"], Agents>();

/** Opens what an input names: a file below the workspace, an object in S3, or a URL. See `openFile`, `openObject` and `openUrl` for what can go wrong. */
export async function openSource(ref: SourceRef, means: Means): Promise<Source> {
  const { ctx } = means;
  if (ref.kind === "path") return openFile(resolve(ctx.ambient.workspace, ref.path), ref.label);
  if (ref.kind === "s3") return openObject(ref, await means.aws(), ctx);
  return openUrl(ref, agentsFor(ctx), ctx);
}

/** One set of connections for all URLs of a process: they keep their proxies and roots, and no AWS session is needed. */
function agentsFor({ ambient }: Context): Agents {
  const known = agentsOf.get(ambient) ?? createAgents(ambient, connections);
  agentsOf.set(ambient, known);
  return known;
}

import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Context } from "../action/context.ts";
import type { Agents } from "../agent.ts";
import { RemoteError, UserError } from "../errors.ts";
import { retry } from "../retry.ts";

/** Longest answer that is read; a token has about 2 kB. */
const limit = 65_536;

/** A fresh OIDC token of the job, which lives five minutes. Masked before it is returned. Source: GitHub, "OpenID Connect reference". */
export async function mintToken(audience: string, agents: Agents, ctx: Context): Promise<string> {
  const { oidc } = ctx.ambient;
  if (!oidc)
    throw new UserError("AWS_OIDC_TOKEN", {
      happened: "The job has no OIDC token endpoint.",
      next: "Give the job permissions: { id-token: write, contents: read }.",
    });
  const url = new URL(oidc.url);
  url.searchParams.set("audience", audience);
  const token = await retry(() => ask(url, oidc.token.reveal(), agents, ctx.signal), {
    clock: ctx.clock,
    signal: ctx.signal,
    attempts: 4,
    advise: (thrown) => ({ retry: thrown instanceof RemoteError }),
  });
  ctx.mask(token);
  return token;
}

function ask(url: URL, bearer: string, agents: Agents, signal: AbortSignal): Promise<string> {
  const secure = url.protocol === "https:";
  const options = {
    headers: { authorization: `bearer ${bearer}`, accept: "application/json; api-version=2.0" },
    agent: secure ? agents.https : agents.http,
    signal,
  };
  return new Promise((resolve, reject) => {
    const outgoing = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        if (text.length < limit) text += chunk;
      });
      response.once("end", () => {
        const value = tokenIn(text);
        if (response.statusCode === 200 && value) resolve(value);
        else reject(refused(response.statusCode ?? 0));
      });
      response.once("error", reject);
    });
    outgoing.once("error", (cause) => {
      if (signal.aborted) return reject(cause);
      const happened = `GitHub's token endpoint could not be reached (${cause.message}).`;
      reject(new RemoteError("AWS_OIDC_TOKEN", { happened, next: "Run again.", cause }));
    });
    outgoing.end();
  });
}

function tokenIn(text: string): string | undefined {
  try {
    const { value } = JSON.parse(text) as { value?: unknown };
    return typeof value === "string" && value !== "" ? value : undefined;
  } catch {
    return undefined;
  }
}

function refused(status: number): Error {
  const happened = `GitHub's token endpoint answered ${status}.`;
  if (status >= 500 || status === 429) return new RemoteError("AWS_OIDC_TOKEN", { happened, next: "Run again." });
  return new UserError("AWS_OIDC_TOKEN", { happened, next: "Give the job permissions: { id-token: write }." });
}

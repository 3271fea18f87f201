import { homedir, tmpdir } from "node:os";
import type { Ambient } from "../action/context.ts";
import { Secret } from "../action/secret.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Credentials that the environment holds for us; nothing that we print may show them. */
const secretVariables = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"];

/** Reads the environment once. Empty variables count as not set. `mask` hears of every secret before it is handed out. */
export function readAmbient(env: Env, mask: (value: string) => void): Ambient {
  for (const name of secretVariables) if (env[name]) mask(env[name]);
  const get = (...names: readonly string[]) =>
    names.map((name) => env[name]).find((value) => value !== undefined && value !== "");
  return {
    region: get("AWS_REGION", "AWS_DEFAULT_REGION"),
    workspace: get("GITHUB_WORKSPACE") ?? process.cwd(),
    temp: get("RUNNER_TEMP") ?? tmpdir(),
    home: get("HOME") ?? homedir(),
    path: env["PATH"] ?? "",
    kubeconfig: get("KUBECONFIG"),
    proxy: {
      https: get("https_proxy", "HTTPS_PROXY"),
      http: get("http_proxy", "HTTP_PROXY"),
      none: get("no_proxy", "NO_PROXY"),
    },
    extraRoots: [get("NODE_EXTRA_CA_CERTS"), get("AWS_CA_BUNDLE")].filter((file) => file !== undefined),
    oidc: oidcOf(get),
    run: runOf(get),
    named(name) {
      const value = get(name);
      if (value === undefined) return undefined;
      mask(value);
      return new Secret(value);
    },
  };
}

type Get = (...names: readonly string[]) => string | undefined;

function oidcOf(get: Get): Ambient["oidc"] {
  const url = get("ACTIONS_ID_TOKEN_REQUEST_URL");
  const token = get("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
  return url && token ? { url, token: new Secret(token) } : undefined;
}

function runOf(get: Get): Ambient["run"] {
  const repository = get("GITHUB_REPOSITORY") ?? "";
  const id = get("GITHUB_RUN_ID") ?? `${process.pid}`;
  const attempt = get("GITHUB_RUN_ATTEMPT");
  const onGitHub = repository !== "" && get("GITHUB_RUN_ID") !== undefined;
  const url = onGitHub
    ? `${get("GITHUB_SERVER_URL") ?? "https://github.com"}/${repository}/actions/runs/${id}${attempt && attempt !== "1" ? `/attempts/${attempt}` : ""}`
    : `local:${get("USER", "LOGNAME") ?? "unknown"}@${get("HOSTNAME") ?? "localhost"}:${process.pid}`;
  const event = get("GITHUB_EVENT_NAME");
  const actor = get("GITHUB_ACTOR", "USER") ?? "unknown";
  return { url, id, repository, actor, sha: get("GITHUB_SHA") ?? "", ...(event ? { event } : {}) };
}

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "../action/context.ts";
import { asEksDeployError, type EksDeployError, RemoteError, UserError } from "../errors.ts";
import type { Helm } from "./find.ts";
import { type ProcessResult, run } from "./process.ts";

/** Runs helm in an environment that we made: nothing of the user's HELM_*, plugins, repositories or kubeconfig reaches it. `env` says how the cluster is reached. */
export async function runHelm(
  helm: Helm,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  ctx: Context,
): Promise<ProcessResult> {
  const home = join(ctx.ambient.temp, "eks-deploy", "helm");
  await mkdir(home, { recursive: true });
  const { https, http, none } = ctx.ambient.proxy;
  return run(
    helm.path,
    args,
    {
      PATH: ctx.ambient.path,
      HOME: home,
      HELM_CACHE_HOME: join(home, "cache"),
      HELM_CONFIG_HOME: join(home, "config"),
      HELM_DATA_HOME: join(home, "data"),
      HELM_NO_PLUGINS: "1",
      HELM_DRIVER: "secret",
      ...(https ? { HTTPS_PROXY: https } : {}),
      ...(http ? { HTTP_PROXY: http } : {}),
      ...(none ? { NO_PROXY: none } : {}),
      ...env,
    },
    ctx,
  );
}

/** helm's standard output; a failure is told in helm's own words. `doing` completes "while". */
export async function helmOutput(
  helm: Helm,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  doing: string,
  ctx: Context,
): Promise<string> {
  const result = await runHelm(helm, args, env, ctx).catch((thrown: unknown) => {
    throw asEksDeployError(thrown);
  });
  if (result.code !== 0) throw helmFailure(result, doing);
  return result.stdout;
}

/** What helm's error output means. The texts are those of helm 3.12 to 4.3. */
export function helmFailure(result: Pick<ProcessResult, "code" | "stderr">, doing: string): EksDeployError {
  const said = words(result.stderr) || `it ended with ${result.code === null ? "a signal" : `code ${result.code}`}`;
  const happened = `helm failed while ${doing}: ${said}`;
  if (/another operation \(install\/upgrade\/rollback\) is in progress/.test(said)) {
    return new RemoteError("HELM_IN_PROGRESS", {
      happened,
      next: "Wait until the other operation is done, then run again; a lock that was left behind is recovered then.",
    });
  }
  if (/Apply failed with \d+ conflict|conflict with "/.test(said)) {
    return new UserError("HELM_APPLY_CONFLICT", {
      happened,
      next: "Let the named field manager give the field up (kubectl get <object> --show-managed-fields), or take it over with accept: HELM_APPLY_CONFLICT.",
    });
  }
  if (
    /values don't meet the specifications of the schema|execution error at|error calling (required|fail|include)/.test(
      said,
    )
  ) {
    return new UserError("HELM_VALUES_REFUSED", { happened, next: "Mend the values that helm names." });
  }
  if (/cannot be imported into the current release/.test(said)) {
    return new UserError("HELM_OBJECT_FOREIGN", {
      happened,
      next: "Delete the object that helm names, use it by the values (serviceAccount.create: false), or label and annotate it as the release's own: app.kubernetes.io/managed-by=Helm, meta.helm.sh/release-name, meta.helm.sh/release-namespace.",
    });
  }
  if (/no matches for kind|ensure CRDs are installed/.test(said)) {
    return new UserError("HELM_KIND_UNKNOWN", {
      happened,
      next: "Install the CRDs that bring this kind, or turn its objects off in the values.",
    });
  }
  if (/field is immutable/.test(said)) {
    return new UserError("HELM_IMMUTABLE", {
      happened,
      next: "Delete the object that helm names, so that it is made anew (a Deployment: with downtime), then run again.",
    });
  }
  if (/Too long: (must have at most|may not be more than) \d+ (bytes|characters)/.test(said)) {
    return new UserError("HELM_TOO_LARGE", {
      happened,
      next: "helm keeps chart and values in one Secret of at most 1 MiB: take large files out of the chart or the values.",
    });
  }
  return new RemoteError("HELM_FAILED", { happened, next: "Read helm's words above." });
}

/** helm's error without its prefix, warnings and blank lines; not endlessly long. */
function words(stderr: string): string {
  return stderr
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^(WARNING|W\d{4}|I\d{4}|level=(INFO|WARN))/.test(line))
    .join("\n")
    .replace(/^Error: /, "")
    .slice(0, 4_000);
}

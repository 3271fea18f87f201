import { randomBytes, randomUUID } from "node:crypto";
import type { Answer, Call, Handler } from "../http.ts";
import { type Ground, serve } from "../service.ts";
import { type Claims, Issuer } from "./jwt.ts";

/** What a job is, for the claims of its tokens. */
export interface JobIdentity {
  readonly repository: string;
  readonly ref: string;
  /** GitHub environment of the job; makes the subject `repo:...:environment:...`. */
  readonly environment?: string;
  readonly workflow?: string;
  readonly actor?: string;
  readonly runId?: string;
  readonly sha?: string;
}

/** GitHub's token endpoint: ID tokens of five minutes for whoever holds the job's request token. */
export class GithubOidc {
  readonly issuer = new Issuer("https://token.actions.githubusercontent.com");
  /** `ACTIONS_ID_TOKEN_REQUEST_TOKEN`. */
  readonly requestToken = randomBytes(40).toString("base64url");
  job: JobIdentity;
  private readonly ground: Ground;

  constructor(ground: Ground, job: JobIdentity) {
    this.ground = ground;
    this.job = job;
  }

  /** Claims as GitHub writes them ("OpenID Connect reference", GitHub docs). */
  claims(audience: string): Claims {
    const { job } = this;
    const [owner = ""] = job.repository.split("/");
    const now = Math.floor(this.ground.now() / 1000);
    const context = job.environment === undefined ? `ref:${job.ref}` : `environment:${job.environment}`;
    const workflow = `${job.repository}/.github/workflows/${job.workflow ?? "release.yml"}@${job.ref}`;
    return {
      jti: randomUUID(),
      sub: `repo:${job.repository}:${context}`,
      aud: audience,
      ref: job.ref,
      ref_type: job.ref.startsWith("refs/tags/") ? "tag" : "branch",
      sha: job.sha ?? "0".repeat(40),
      repository: job.repository,
      repository_owner: owner,
      repository_id: "710000001",
      repository_owner_id: "81000001",
      ...(job.environment === undefined ? {} : { environment: job.environment }),
      run_id: job.runId ?? "1",
      run_attempt: "1",
      actor: job.actor ?? "octocat",
      event_name: "push",
      workflow_ref: workflow,
      job_workflow_ref: workflow,
      runner_environment: "github-hosted",
      nbf: now - 300,
      iat: now,
      exp: now + 300,
    };
  }

  token(audience: string): string {
    return this.issuer.mint(this.claims(audience));
  }

  /** Answers `GET <url>&audience=...` with `{ value }`, as the runner's service does. */
  readonly handler: Handler = (call) => {
    const operation = { service: "github", name: "GET id token", write: false, iam: [], resource: this.job.repository };
    return serve(this.ground, call, operation, async () => this.answer(call));
  };

  private answer(call: Call): Answer {
    if (call.method !== "GET" || call.path !== "/oidc/token") return json(404, { message: "Not Found" });
    if (
      !/^bearer /i.test(call.headers.authorization ?? "") ||
      call.headers.authorization?.slice(7) !== this.requestToken
    )
      return json(401, { message: "Unauthorized" });
    const [owner = ""] = this.job.repository.split("/");
    return json(200, { count: 1, value: this.token(call.query.get("audience") ?? `https://github.com/${owner}`) });
  }
}

function json(status: number, body: unknown): Answer {
  return { status, headers: { "content-type": "application/json; charset=utf-8" }, body: JSON.stringify(body) };
}

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { awsEndpoint } from "../../../sandbox/aws/endpoint.ts";
import { IamState } from "../../../sandbox/aws/iam/state.ts";
import { createKms, KmsState } from "../../../sandbox/aws/kms.ts";
import { Principals } from "../../../sandbox/aws/principals.ts";
import { createSts } from "../../../sandbox/aws/sts/service.ts";
import { Faults } from "../../../sandbox/faults.ts";
import { GithubOidc } from "../../../sandbox/github/oidc.ts";
import { type Handler, listen } from "../../../sandbox/http.ts";
import { RequestLog } from "../../../sandbox/requests.ts";
import { createS3 } from "../../../sandbox/s3/service.ts";
import { S3State } from "../../../sandbox/s3/state.ts";
import type { Ground } from "../../../sandbox/service.ts";
import { createAuthority } from "../../../sandbox/tls.ts";
import type { Ambient, Event } from "../../../src/action/context.ts";
import { runAction } from "../../../src/action/run.ts";
import { syncCheckpoints } from "../../../src/actions/sync-checkpoints/index.ts";
import type { Clock } from "../../../src/retry.ts";
import { fakeClock, testContext } from "../../support/context.ts";
import { testRunner } from "../../support/runner.ts";

export const account = "210987654321";
export const region = "us-east-2";
export const mebibyte = 1_048_576;

/** S3, STS and KMS of the sandbox, the bucket `models`, and a workspace on disk. */
export interface World {
  readonly ground: Ground;
  readonly s3: S3State;
  readonly kms: KmsState;
  readonly principals: Principals;
  readonly iam: IamState;
  readonly github: GithubOidc;
  readonly tokenUrl: string;
  readonly url: string;
  readonly workspace: string;
  readonly defects: readonly unknown[];
  /** What each part's request says of its body, and how many bytes it has with whatever frames it: `x-amz-content-sha256`, `content-length`. */
  readonly parts: readonly { readonly payload: string; readonly length: number }[];
  /** Runs sync-checkpoints as a step would, with time that passes in no time. */
  sync(inputs: Readonly<Record<string, string>>, over?: Over): Promise<Ended>;
  close(): Promise<void>;
}

export interface Over {
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly ambient?: Partial<Ambient>;
  readonly clock?: Clock;
  /** Hears of every event, at the moment when it happens. */
  readonly onEvent?: (event: Event) => void;
}

/** How a step ended. */
export interface Ended {
  readonly outcome: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly failure: { code: string; message: string } | undefined;
  readonly lines: readonly string[];
  readonly findings: readonly string[];
  /** As it stands on the run's page. */
  readonly summary: string;
  /** Waits that were asked for, in ms; none where the test brings its own clock. */
  readonly sleeps: readonly number[];
  /** Names of the requests that wrote. */
  readonly writes: readonly string[];
  /** Names of all requests to S3. */
  readonly requests: readonly string[];
}

/** `secure`: AWS's endpoint is one of https, with an authority of its own. */
export async function startWorld({ secure = false } = {}): Promise<World> {
  const defects: unknown[] = [];
  const parts: World["parts"][number][] = [];
  const ground: Ground = {
    requests: new RequestLog(),
    faults: new Faults(),
    now: () => Date.now(),
    pace: 0.01,
    onDefect: (error) => defects.push(error),
  };
  const principals = new Principals("aws");
  const user = principals.addUser(account, "tester");
  const iam = new IamState({ account, partition: "aws", now: ground.now });
  const github = new GithubOidc(ground, { repository: "acme/models", ref: "refs/heads/main" });
  const s3 = new S3State();
  s3.addBucket({ name: "models", region, owner: account });
  const kms = new KmsState(account, region, "aws");
  const services = [
    createS3(ground, { state: s3 }),
    createSts({ iam, principals, issuers: (url) => (url === github.issuer.url ? github.issuer : undefined) }),
    createKms(kms),
  ];
  const endpoint = awsEndpoint(ground, {
    principals,
    regions: [region, "eu-west-1"],
    now: ground.now,
    clocks: () => [ground.now()],
    services,
    authorise: () => undefined,
  });
  const handler: Handler = (call) => {
    if (call.method === "PUT" && call.query.has("partNumber") && call.headers["x-amz-copy-source"] === undefined)
      parts.push({
        payload: String(call.headers["x-amz-content-sha256"]),
        length: Number(call.headers["content-length"]),
      });
    return endpoint(call);
  };
  const workspace = mkdtempSync(join(tmpdir(), "eks-deploy-sync-"));
  const authority = secure ? await createAuthority() : undefined;
  const listening = await listen(handler, ground.onDefect, await authority?.issue({ names: ["127.0.0.1"] }));
  const extraRoots = authority ? [join(workspace, "authority.pem")] : [];
  for (const file of extraRoots) writeFileSync(file, authority!.certificate);
  const tokens = await listen(github.handler, ground.onDefect);
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  Object.assign(process.env, {
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ENDPOINT_URL: listening.url,
    AWS_ACCESS_KEY_ID: user.caller.accessKeyId,
    AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
  });
  return {
    ground,
    s3,
    kms,
    principals,
    iam,
    github,
    url: listening.url,
    tokenUrl: `${tokens.url}/oidc/token?api-version=2.0`,
    workspace,
    defects,
    parts,
    async sync(inputs, over = {}) {
      const mark = ground.requests.all.length;
      const clock = fakeClock(Date.now());
      const context = testContext({
        clock: over.clock ?? clock,
        env: over.env ?? {},
        ...(over.signal ? { signal: over.signal } : {}),
        ambient: { region, workspace, temp: join(workspace, "temp"), extraRoots, ...over.ambient },
      });
      const emit = (event: Event) => {
        context.emit(event);
        over.onEvent?.(event);
      };
      const runner = testRunner({ bucket: "models", ...inputs }, { ...context, emit });
      const outcome = await runAction(syncCheckpoints, runner);
      return {
        outcome,
        outputs: runner.outputs,
        failure: runner.failures[0],
        lines: context.recorded.lines,
        findings: context.recorded.findings.map((finding) => finding.code),
        summary: runner.summary,
        sleeps: clock.sleeps,
        writes: ground.requests.writes(mark).map((request) => request.name),
        requests: ground.requests
          .since(mark)
          .filter((request) => request.service === "s3")
          .map((request) => request.name),
      };
    },
    async close() {
      await listening.close();
      await tokens.close();
      rmSync(workspace, { recursive: true, force: true });
    },
  };
}

import { afterEach, describe, expect, it } from "vitest";
import type { Prerequisite } from "../../../sandbox/world/prerequisites.ts";
import { openRoom, type Room } from "../release/room.ts";

let room: Room | undefined;

afterEach(async () => {
  await room?.close();
  room = undefined;
});

/** What a person reads of a run: failure, annotations and summary. */
async function told(command: string, inputs: Readonly<Record<string, string>> = {}) {
  const mark = room!.mark();
  const run = await room!.run({ command, ...inputs });
  expect(room!.writes(mark)).toEqual([]);
  const findings = run.context.recorded.findings.map(({ code }) => code);
  return { text: [...run.failures.map(({ message }) => message), run.summary].join("\n"), findings, run };
}

describe("a prerequisite of the guide that is missing", () => {
  it.each([
    ["oidc-provider", "IRSA_NO_PROVIDER"],
    ["gpu-nodes", "DEPLOY_GPU_ABSENT"],
    ["load-balancer-controller", "DEPLOY_WEBHOOK_DOWN"],
    ["subnet-tags", "DEPLOY_INGRESS_SUBNETS"],
    ["access-entry", "CLUSTER_UNAUTHORIZED"],
  ] as const satisfies readonly (readonly [Prerequisite, string])[])(
    "stops a plan and a preflight: %s",
    async (prerequisite, code) => {
      room = await openRoom({ without: [prerequisite] });
      const plan = await told("plan");
      expect(plan.run.failures).toMatchObject([{ code }]);
      const preflight = await told("preflight");
      expect(preflight.text).toContain(code);
    },
  );

  it("is only warned of where a release can do without: endpoints and the nodes' pull policy", async () => {
    room = await openRoom({ without: ["s3-endpoint", "ecr-endpoints", "node-pull-policy"] });
    const codes = ["DEPLOY_S3_ENDPOINT", "DEPLOY_ECR_ENDPOINTS", "DEPLOY_NODE_PULL_POLICY"];
    for (const command of ["plan", "preflight"]) {
      const { run, findings } = await told(command);
      expect(run.failures).toEqual([]);
      expect(findings).toEqual(expect.arrayContaining(codes));
    }
  });

  it("leaves no warning where nothing is missing", async () => {
    room = await openRoom();
    const { run, findings } = await told("preflight");
    expect(run.failures).toEqual([]);
    expect(findings.filter((code) => code.startsWith("DEPLOY_"))).toEqual([]);
  });
});

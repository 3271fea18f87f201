import { afterEach, describe, expect, it } from "vitest";
import { usualNodes } from "../../../sandbox/kubernetes/nodes.ts";
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

  it("is an ingress class that does not overrule the scheme of the values", async () => {
    room = await openRoom();
    const { store, api } = room.world.kubernetes;
    const params = store.get("ingressclassparams", undefined, "alb")!;
    const set = (draft: object) => void Object.assign(draft, { spec: { scheme: "internal" } });
    api.modify("ingressclassparams", params, set, { user: "someone", manager: "kubectl" });
    const { run, text } = await told("plan");
    expect(run.failures).toMatchObject([{ code: "DEPLOY_INGRESS_OVERRULED" }]);
    expect(text).toContain("kubectl get ingressclassparams alb -o yaml");
  });

  it("is GPU memory enough, also where the node group is at 0", async () => {
    room = await openRoom();
    await room.pass();
    const { cluster, kubernetes } = room.world;
    Object.assign(cluster.nodegroups.get("gpu")!, { scaling: { minSize: 0, maxSize: 2, desiredSize: 0 } });
    kubernetes.setNodes(usualNodes.filter((node) => !node.gpus));
    const { run } = await told("preflight");
    expect(run.summary).toContain("of a p5e.48xlarge, whose node group is at 0");
  });

  it("leaves no warning where nothing is missing", async () => {
    room = await openRoom();
    const { run, findings } = await told("preflight");
    expect(run.failures).toEqual([]);
    expect(findings.filter((code) => code.startsWith("DEPLOY_"))).toEqual([]);
  });
});

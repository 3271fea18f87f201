import { listen } from "../../sandbox/http.ts";
import { createAuthority } from "../../sandbox/tls.ts";
import { type RealCluster, waitUntil } from "./cluster.ts";
import { wouldTake } from "./probe.ts";

const configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

/** Lets no write of a Deployment in a namespace get through until it is released: helm stands in the middle of its work. */
export async function holdDeployments(cluster: RealCluster, namespace: string): Promise<{ release(): Promise<void> }> {
  const authority = await createAuthority("e2e hold");
  const leaf = await authority.issue({ names: ["127.0.0.1"] });
  let open: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    open = resolve;
  });
  let asked = false;
  const listening = await listen(
    async () => {
      asked = true;
      await released;
      return { status: 503 };
    },
    () => {},
    leaf,
  );
  const name = `hold-${namespace}`;
  await cluster.api.create(configurations, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name },
    webhooks: [
      {
        name: "hold.example.com",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        timeoutSeconds: 30,
        clientConfig: { url: listening.url, caBundle: Buffer.from(authority.certificate).toString("base64") },
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        rules: [
          { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["deployments"] },
        ],
      },
    ],
  });
  // It counts a moment after it was written.
  await waitUntil(`Deployments of ${namespace} are held`, async () => {
    if (!asked) void wouldTake(cluster, namespace, "deployments").catch(() => {});
    return asked;
  });
  return {
    async release() {
      await cluster.api.remove(`${configurations}/${name}`);
      open();
      await listening.close();
    },
  };
}

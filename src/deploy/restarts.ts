import { type ObjectChange, replacesPods } from "./diff.ts";
import type { Live } from "./live.ts";
import type { ManifestObject } from "./manifest.ts";
import { readersOf, type SecretState, staleReaders, type WantedSecret } from "./secrets.ts";
import { podsOf } from "./snapshot.ts";

/** Deployments that must be restarted because of a Secret that they read. One whose pods the upgrade replaces anyway gets the new Secret with it. Pure. */
export function restartsOf(
  wanted: { readonly objects: readonly ManifestObject[]; readonly secrets: readonly WantedSecret[] },
  {
    live,
    secretStates,
  }: { readonly live: Live; readonly secretStates: Readonly<Record<string, SecretState | undefined>> },
  diff: readonly ObjectChange[],
): readonly string[] {
  const replaced = new Set(diff.filter(replacesPods).map((change) => change.name));
  const own = live.deployments.filter((deployment) =>
    wanted.objects.some((object) => object.kind === "Deployment" && object.metadata.name === deployment.metadata.name),
  );
  const names = wanted.secrets.flatMap((secret) => {
    const found = live.secrets[secret.name];
    if (!found) return [];
    const state = secretStates[secret.name];
    if (state !== "same") return readersOf(secret.name, own);
    return staleReaders(found, own, (deployment) => podsOf(live, deployment).current);
  });
  return [...new Set(names.map((deployment) => deployment.metadata.name))].filter((name) => !replaced.has(name));
}

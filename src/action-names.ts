/** The actions, in the order in which a release runs them; `release` is the root action and its twin. */
export const actionNames = [
  "push-images",
  "sync-checkpoints",
  "ensure-irsa",
  "render-values",
  "helm-deploy",
  "smoke-test",
  "release",
] as const;

export type ActionName = (typeof actionNames)[number];

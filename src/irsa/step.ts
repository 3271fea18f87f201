import type { Change } from "../action/plan.ts";
import type { PolicyDocument } from "./documents.ts";

type Tags = Readonly<Record<string, string>>;

/** One write. Role, policy and cluster are the identity's. */
export type Act =
  | { readonly do: "create-provider"; readonly url: string; readonly tags: Tags }
  | { readonly do: "create-policy"; readonly document: PolicyDocument; readonly tags: Tags }
  | { readonly do: "tag-policy"; readonly tags: Tags }
  | { readonly do: "delete-version"; readonly id: string }
  | { readonly do: "create-version"; readonly document: PolicyDocument }
  | {
      readonly do: "create-role";
      readonly trust: PolicyDocument;
      readonly boundary: string | undefined;
      readonly tags: Tags;
    }
  | { readonly do: "tag-role"; readonly tags: Tags }
  | { readonly do: "put-boundary"; readonly arn: string }
  | { readonly do: "update-trust"; readonly trust: PolicyDocument }
  | { readonly do: "attach" }
  | { readonly do: "create-association"; readonly tags: Tags }
  | { readonly do: "update-association"; readonly id: string };

/** A change that users see, and the write behind it. */
export interface Step {
  readonly change: Change;
  readonly act: Act;
}

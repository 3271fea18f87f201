import { type QueryOperation, required } from "../query.ts";
import { AwsError } from "../service.ts";
import { members } from "../xml.ts";
import { readTags, shownTags } from "./names.ts";
import type { IamState } from "./state.ts";

/** Whether an issuer's keys can be fetched; IAM asks when a provider without thumbprints is made. */
export type Reachable = (url: string) => boolean;

/** IAM's calls on OIDC providers. */
export function providerOperations(iam: IamState, reachable: Reachable): Readonly<Record<string, QueryOperation>> {
  return {
    GetOpenIDConnectProvider: {
      resource: (form) => form.get("OpenIDConnectProviderArn") ?? "",
      run: (form) => {
        const provider = iam.seenProvider(required(form, "OpenIDConnectProviderArn"));
        return {
          Url: provider.url,
          CreateDate: new Date(provider.createdAt),
          ClientIDList: members(provider.clients),
          ThumbprintList: members(provider.thumbprints),
          Tags: shownTags(provider.tags),
        };
      },
    },
    CreateOpenIDConnectProvider: {
      write: true,
      resource: (form) => form.get("Url") ?? "",
      run: (form) => {
        const full = required(form, "Url");
        if (!/^https:\/\/[^?#\s]+$/.test(full))
          throw new AwsError(400, "InvalidInput", "Invalid Open ID Connect Provider URL");
        const url = full.slice("https://".length).replace(/\/$/, "");
        const arn = iam.arn("oidc-provider", url);
        const tags = readTags(form);
        if (iam.provider(arn))
          throw new AwsError(409, "EntityAlreadyExists", `Provider with url ${full} already exists.`);
        if (iam.allProviders().length >= iam.quotas.providers)
          throw new AwsError(
            409,
            "LimitExceeded",
            `Cannot exceed quota for OpenIdConnectProvidersPerAccount: ${iam.quotas.providers}`,
          );
        const thumbprints = form.list("ThumbprintList");
        if (thumbprints.length === 0 && !reachable(full))
          throw new AwsError(400, "OpenIdIdpCommunicationError", `Could not connect to ${full}`);
        iam.putProvider({ arn, url, clients: form.list("ClientIDList"), thumbprints, tags, createdAt: iam.now() }, arn);
        return { OpenIDConnectProviderArn: arn, Tags: shownTags(tags) };
      },
    },
    TagOpenIDConnectProvider: {
      write: true,
      resource: (form) => form.get("OpenIDConnectProviderArn") ?? "",
      run: (form) => {
        const arn = required(form, "OpenIDConnectProviderArn");
        const provider = iam.provider(arn) ?? iam.seenProvider(arn);
        iam.putProvider({ ...provider, tags: readTags(form, provider.tags) }, arn);
        return undefined;
      },
    },
  };
}

/** Where everything is: from the caller's own identity, so that no partition is guessed. */
export interface Place {
  readonly account: string;
  readonly partition: string;
  readonly region: string;
  /** `amazonaws.com` and its kin. */
  readonly dnsSuffix: string;
}

/** The service account that shall read checkpoints. */
export interface Subject {
  readonly cluster: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** What it may read. */
export interface Reach {
  readonly bucket: string;
  readonly scope: "bucket" | "prefixes";
  /** Checkpoint prefix by model key, as `s3://bucket/...`. */
  readonly prefixes: Readonly<Record<string, string>>;
  /** Only some models are worked on: what the policy grants of the others stays. */
  readonly partial: boolean;
  /** `auto`: what the bucket's default encryption names; `none`; or an ARN. */
  readonly key: string;
}

/** An identity that is ours: role and policy are made and kept as this says. */
export interface Identity extends Subject {
  readonly mode: "irsa" | "pod-identity";
  readonly place: Place;
  readonly reach: Reach;
  readonly roleName: string;
  readonly policyName: string;
  /** `/`, or `/a/b/`. */
  readonly path: string;
  readonly boundary: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly adopt: boolean;
  readonly createProvider: boolean;
}

export const ownerTag = "eks-deploy/owner";

/** Value of the owner tag: two clusters in one account must not fight over one role. */
export function ownerOf({ cluster, namespace, serviceAccount }: Subject): string {
  return `${cluster}/${namespace}/${serviceAccount}`;
}

export function roleArnOf({ place, path, roleName }: Identity): string {
  return `arn:${place.partition}:iam::${place.account}:role${path}${roleName}`;
}

export function policyArnOf({ place, path, policyName }: Identity): string {
  return `arn:${place.partition}:iam::${place.account}:policy${path}${policyName}`;
}

/** ARN of the account's provider for an issuer: known without listing. */
export function providerArnOf(place: Place, issuer: string): string {
  return `arn:${place.partition}:iam::${place.account}:oidc-provider/${issuerHost(issuer)}`;
}

/** Host and path of an issuer: without scheme. */
export function issuerHost(issuer: string): string {
  return issuer.replace(/^https:\/\//, "").replace(/\/$/, "");
}

/** The user's tags under our own. */
export function tagsOf(identity: Identity): Readonly<Record<string, string>> {
  return { ...identity.tags, [ownerTag]: ownerOf(identity) };
}

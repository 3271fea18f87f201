import { randomBytes } from "node:crypto";
import type { Caller } from "../aws/service.ts";
import type { Repository, RepositorySettings } from "./repository.ts";
import { createRepository } from "./repository.ts";

/** What a repository creation template sets in repositories that a push makes. */
export interface CreationTemplate {
  /** Prefix of names (`team` matches `team/app`), or `ROOT` for all that no other template takes. */
  readonly prefix: string;
  readonly appliedFor: readonly ("CREATE_ON_PUSH" | "PULL_THROUGH_CACHE" | "REPLICATION")[];
  readonly settings: Partial<RepositorySettings>;
  readonly description?: string;
}

/** Ceilings of ECR ("Amazon ECR service quotas"); tests lower them. Sizes in bytes. */
export interface RegistryLimits {
  readonly repositories: number;
  readonly tagsPerImage: number;
  readonly layersPerImage: number;
  readonly layerBytes: number;
  readonly manifestBytes: number;
}

export interface RegistryStateOptions {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  now(): number;
  readonly limits?: Partial<RegistryLimits>;
  /** Keep digest and size of blobs, not their bytes: for images of many GB. */
  readonly discard?: boolean;
  /** Registries of all accounts and regions, to which this one is added: a token is good for each of its region. */
  readonly neighbours?: RegistryState[];
}

/** What a token stands for. */
export interface RegistryToken {
  readonly caller: Caller;
  readonly expiresAt: number;
}

const tokenLifetime = 12 * 60 * 60 * 1000;

/** The private registry of one account and region: what ECR's control plane and the registry's wire share. Tests and worlds reach into it directly. */
export class RegistryState {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly now: () => number;
  readonly discard: boolean;
  limits: RegistryLimits;
  /** `host:port` of the listening registry; part of every repository URI. */
  host = "";
  /** The account setting `BLOB_MOUNTING`. */
  blobMounting: "ENABLED" | "DISABLED" = "DISABLED";
  readonly repositories = new Map<string, Repository>();
  readonly templates: CreationTemplate[] = [];
  private readonly tokens = new Map<string, RegistryToken>();
  private readonly neighbours: RegistryState[];

  constructor(options: RegistryStateOptions) {
    this.account = options.account;
    this.region = options.region;
    this.partition = options.partition;
    this.now = options.now;
    this.discard = options.discard ?? false;
    this.neighbours = options.neighbours ?? [];
    this.neighbours.push(this);
    this.limits = {
      repositories: 100_000,
      tagsPerImage: 1_000,
      layersPerImage: 4_200,
      layerBytes: 52_000 * 1024 * 1024,
      manifestBytes: 4_194_304,
      ...options.limits,
    };
  }

  arn(repository: string): string {
    return `arn:${this.partition}:ecr:${this.region}:${this.account}:repository/${repository}`;
  }

  uri(repository: string): string {
    return `${this.host}/${repository}`;
  }

  add(name: string, settings: Partial<RepositorySettings> = {}): Repository {
    const made = createRepository(name, this.now(), settings);
    this.repositories.set(name, made);
    return made;
  }

  /** Repository by name; throws when there is none. */
  repository(name: string): Repository {
    const found = this.repositories.get(name);
    if (!found) throw new Error(`the sandbox has no repository ${name}`);
    return found;
  }

  /** The repository that a push meets: one that exists, or that a creation template makes now. */
  forPush(name: string): Repository | undefined {
    const known = this.repositories.get(name);
    if (known) return known;
    const matching = this.templates
      .filter(({ appliedFor }) => appliedFor.includes("CREATE_ON_PUSH"))
      .filter(({ prefix }) => prefix === "ROOT" || name.startsWith(`${prefix.replace(/\/$/, "")}/`))
      .sort((a, b) => weight(b.prefix) - weight(a.prefix));
    return matching[0] && this.add(name, matching[0].settings);
  }

  /** A new token for a caller; good for 12 hours, whatever becomes of the session that asked for it. */
  issueToken(caller: Caller): { readonly password: string; readonly expiresAt: number } {
    const password = randomBytes(900).toString("base64");
    const expiresAt = this.now() + tokenLifetime;
    this.tokens.set(password, { caller, expiresAt });
    return { password, expiresAt };
  }

  /** A token that an account of this region was given: it says who comes, not which registry lets it in ("Private registry authentication", ECR user guide). */
  token(password: string): RegistryToken | undefined {
    for (const { region, tokens } of this.neighbours) {
      const found = region === this.region ? tokens.get(password) : undefined;
      if (found) return found;
    }
    return undefined;
  }

  /** The registry of another account in this region. */
  ofAccount(account: string): RegistryState | undefined {
    return this.neighbours.find((each) => each.account === account && each.region === this.region);
  }

  /** Ends every token that was given out so far. */
  expireTokens(): void {
    for (const [password, token] of this.tokens) this.tokens.set(password, { ...token, expiresAt: this.now() });
  }

  /** Loses every upload session, as a registry may at any time. */
  loseUploads(): void {
    for (const { uploads } of this.repositories.values()) uploads.clear();
  }

  /** Digest of what a node would pull for `host/name:tag` or `host/name@digest`; undefined where it cannot. */
  resolve(reference: string): { readonly digest: string } | undefined {
    const match = /^([^/]+)\/([^@:]+)(?::([^@:]+))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(reference);
    if (!match || match[1] !== this.host) return undefined;
    const repository = this.repositories.get(match[2]!);
    const digest = match[4] ?? repository?.tags.get(match[3] ?? "latest");
    const image = digest === undefined ? undefined : repository?.images.get(digest);
    return image?.status === "ACTIVE" ? { digest: image.digest } : undefined;
  }
}

function weight(prefix: string): number {
  return prefix === "ROOT" ? -1 : prefix.length;
}

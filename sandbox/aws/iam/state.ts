import { Eventual } from "../eventual.ts";
import { uniqueId } from "../principals.ts";
import { AwsError } from "../service.ts";

export interface Role {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  readonly id: string;
  readonly account: string;
  /** Trust policy, as it was sent. */
  readonly trust: string;
  readonly description: string | undefined;
  readonly maxSessionSeconds: number;
  readonly boundary: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
  /** Inline policies by name. */
  readonly inline: ReadonlyMap<string, string>;
  /** ARNs of attached managed policies. */
  readonly attached: readonly string[];
  readonly createdAt: number;
}

export interface PolicyVersion {
  readonly id: string;
  readonly document: string;
  readonly createdAt: number;
}

export interface ManagedPolicy {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  readonly id: string;
  readonly description: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
  readonly versions: readonly PolicyVersion[];
  readonly defaultVersion: string;
  /** Highest version number ever given; numbers are not given twice. */
  readonly lastVersion: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface OidcProvider {
  readonly arn: string;
  /** Without `https://`. */
  readonly url: string;
  readonly clients: readonly string[];
  readonly thumbprints: readonly string[];
  readonly tags: ReadonlyMap<string, string>;
  readonly createdAt: number;
}

/** Ceilings that GetAccountSummary tells; tests lower them. */
export interface Quotas {
  readonly policySize: number;
  readonly trustSize: number;
  readonly versionsPerPolicy: number;
  readonly attachedPerRole: number;
  readonly roles: number;
  readonly policies: number;
  readonly providers: number;
}

export interface IamOptions {
  readonly account: string;
  readonly partition: string;
  readonly now: () => number;
  readonly quotas?: Partial<Quotas>;
  /** Milliseconds until a write is seen by reads (`reads`), and by whoever assumes a role or is authorised by its policies (`assume`). */
  readonly propagation?: { readonly reads?: number; readonly assume?: number };
}

type Kind = "roles" | "policies" | "providers";
type Table<T> = Map<string, Eventual<T | undefined>>;

/** Everything that IAM holds of one account, with the time at which readers come to see it. */
export class IamState {
  readonly account: string;
  readonly partition: string;
  readonly now: () => number;
  quotas: Quotas;
  propagation: { reads: number; assume: number };
  private readonly roles: Table<Role> = new Map();
  private readonly policies: Table<ManagedPolicy> = new Map();
  private readonly providers: Table<OidcProvider> = new Map();

  constructor(options: IamOptions) {
    this.account = options.account;
    this.partition = options.partition;
    this.now = options.now;
    this.propagation = { reads: 0, assume: 0, ...options.propagation };
    this.quotas = {
      policySize: 6144,
      trustSize: 2048,
      versionsPerPolicy: 5,
      attachedPerRole: 10,
      roles: 1000,
      policies: 1500,
      providers: 100,
      ...options.quotas,
    };
  }

  arn(kind: "role" | "policy" | "oidc-provider", rest: string): string {
    return `arn:${this.partition}:iam::${this.account}:${kind}/${rest}`;
  }

  newId(prefix: "AROA" | "ANPA", name: string): string {
    return uniqueId(prefix, `${this.account}/${name}/${this.now()}/${Math.random()}`);
  }

  /** The newest state of a role, for writes; NoSuchEntity when there is none. */
  role(name: string): Role {
    return this.roles.get(name.toLowerCase())?.latest ?? noSuch(`The role with name ${name} cannot be found.`);
  }

  /** The role as a reader sees it now. */
  seenRole(name: string): Role {
    return this.seen(this.roles.get(name.toLowerCase())) ?? noSuch(`The role with name ${name} cannot be found.`);
  }

  /** The role as STS and the authorisation of its sessions see it; undefined when they do not (yet). */
  assumableRole(arn: string): Role | undefined {
    const name = arn.split("/").at(-1) ?? "";
    const role = this.roles.get(name.toLowerCase())?.seen(this.now(), this.propagation.assume);
    return role?.arn === arn ? role : undefined;
  }

  putRole(role: Role | undefined, name: string): void {
    this.put("roles", name.toLowerCase(), role);
  }

  policy(arn: string): ManagedPolicy {
    return this.policies.get(arn.toLowerCase())?.latest ?? noPolicy(arn);
  }

  seenPolicy(arn: string): ManagedPolicy {
    return this.seen(this.policies.get(arn.toLowerCase())) ?? noPolicy(arn);
  }

  /** The policy as authorisation sees it. */
  effectivePolicy(arn: string): ManagedPolicy | undefined {
    return this.policies.get(arn.toLowerCase())?.seen(this.now(), this.propagation.assume);
  }

  putPolicy(policy: ManagedPolicy | undefined, arn: string): void {
    this.put("policies", arn.toLowerCase(), policy);
  }

  provider(arn: string): OidcProvider | undefined {
    return this.providers.get(arn.toLowerCase())?.latest;
  }

  seenProvider(arn: string): OidcProvider {
    return (
      this.seen(this.providers.get(arn.toLowerCase())) ?? noSuch(`OpenIDConnect Provider not found for arn ${arn}`)
    );
  }

  putProvider(provider: OidcProvider | undefined, arn: string): void {
    this.put("providers", arn.toLowerCase(), provider);
  }

  /** Lets everything that was written so far be seen at once: what a world is laid with has long been there. */
  settle(): void {
    for (const table of [this.roles, this.policies, this.providers]) for (const entry of table.values()) entry.settle();
  }

  allRoles(): readonly Role[] {
    return live(this.roles);
  }

  allPolicies(): readonly ManagedPolicy[] {
    return live(this.policies);
  }

  allProviders(): readonly OidcProvider[] {
    return live(this.providers);
  }

  private seen<T>(entry: Eventual<T | undefined> | undefined): T | undefined {
    return entry?.seen(this.now(), this.propagation.reads);
  }

  private put(kind: Kind, key: string, value: Role | ManagedPolicy | OidcProvider | undefined): void {
    const table = this[kind] as Table<typeof value>;
    const entry = table.get(key);
    if (entry) entry.set(value, this.now());
    else table.set(key, new Eventual(undefined, value, this.now()));
  }
}

function live<T>(table: Table<T>): readonly T[] {
  return [...table.values()].flatMap((entry) => entry.latest ?? []);
}

function noSuch(message: string): never {
  throw new AwsError(404, "NoSuchEntity", message);
}

function noPolicy(arn: string): never {
  return noSuch(`Policy ${arn} was not found.`);
}

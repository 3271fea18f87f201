import { createHash, randomBytes } from "node:crypto";
import type { Caller } from "./service.ts";

/** An access key and whom it stands for. */
export interface Credential {
  readonly secretAccessKey: string;
  /** Temporary credentials only. */
  readonly sessionToken?: string;
  /** Milliseconds since the epoch; temporary credentials only. */
  readonly expiresAt?: number;
  /** The role whose policies bound this session; absent: an administrator, allowed everything. */
  readonly roleArn?: string;
  /** When the role was assumed, as the services' clock had it. */
  readonly since?: number;
  readonly caller: Caller;
}

/** Access keys known to the sandbox: users, and sessions of assumed roles. */
export class Principals {
  private readonly byKey = new Map<string, Credential>();
  readonly partition: string;

  constructor(partition: string) {
    this.partition = partition;
  }

  /** A user with a long-lived key and administrator's rights. */
  addUser(account: string, name: string): Credential {
    const accessKeyId = keyId("AKIA");
    const arn = `arn:${this.partition}:iam::${account}:user/${name}`;
    return this.put({
      secretAccessKey: secret(),
      caller: { arn, account, accessKeyId, userId: uniqueId("AIDA", arn) },
    });
  }

  /** A session of an assumed role; `seconds` counts from `now`. */
  addSession(
    role: { readonly arn: string; readonly name: string; readonly id: string; readonly account: string },
    sessionName: string,
    now: number,
    seconds: number,
  ): Credential {
    return this.put({
      secretAccessKey: secret(),
      sessionToken: randomBytes(240).toString("base64"),
      expiresAt: now + seconds * 1000,
      since: now,
      roleArn: role.arn,
      caller: {
        arn: `arn:${this.partition}:sts::${role.account}:assumed-role/${role.name}/${sessionName}`,
        account: role.account,
        accessKeyId: keyId("ASIA"),
        userId: `${role.id}:${sessionName}`,
      },
    });
  }

  find(accessKeyId: string): Credential | undefined {
    return this.byKey.get(accessKeyId);
  }

  all(): readonly Credential[] {
    return [...this.byKey.values()];
  }

  /** Ends every session of assumed roles at `now`: what they sign from then on is expired. */
  expireSessions(now: number): void {
    for (const [key, credential] of this.byKey)
      if (credential.expiresAt !== undefined && credential.expiresAt > now)
        this.byKey.set(key, { ...credential, expiresAt: now });
  }

  private put(credential: Credential): Credential {
    this.byKey.set(credential.caller.accessKeyId, credential);
    return credential;
  }
}

/** `AROA...` and its kin: 21 characters, the same for the same seed. */
export function uniqueId(prefix: string, seed: string): string {
  return prefix + base32(createHash("sha256").update(seed).digest()).slice(0, 17);
}

function keyId(prefix: string): string {
  return prefix + base32(randomBytes(20)).slice(0, 16);
}

function secret(): string {
  return randomBytes(30).toString("base64");
}

function base32(bytes: Buffer): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return [...bytes].map((byte) => alphabet[byte % 32]).join("");
}

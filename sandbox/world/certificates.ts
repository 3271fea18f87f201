import type { AcmState, Certificate } from "../aws/acm.ts";
import type { Authority, Leaf } from "../tls.ts";

/** ACM's certificates with the keys that the load balancer uses. */
export class Certificates {
  private readonly acm: AcmState;
  private readonly authority: Authority;
  private readonly leaves = new Map<string, Leaf>();

  constructor(acm: AcmState, authority: Authority) {
    this.acm = acm;
    this.authority = authority;
  }

  /** Adds a certificate to ACM and issues it. */
  async add(names: readonly string[], now: number, over: Partial<Certificate> = {}): Promise<Certificate> {
    const certificate = this.acm.add(names, now, over);
    const { notBefore, notAfter } = certificate;
    this.leaves.set(certificate.arn, await this.authority.issue({ names, notBefore, notAfter }));
    return certificate;
  }

  /** What a listener with all of them shows for a server name: the first that covers it. */
  forName(name: string): Leaf | undefined {
    const found = [...this.acm.certificates.values()].find(({ names }) =>
      names.some((pattern) => covers(pattern, name)),
    );
    return found && this.leaves.get(found.arn);
  }

  of(arn: string): Leaf {
    const leaf = this.leaves.get(arn);
    if (!leaf) throw new Error(`the sandbox has no certificate ${arn}`);
    return leaf;
  }
}

/** A wildcard stands for one label. */
function covers(pattern: string, name: string): boolean {
  const host = name.toLowerCase();
  if (!pattern.startsWith("*.")) return pattern.toLowerCase() === host;
  return host.includes(".") && host.slice(host.indexOf(".")) === pattern.slice(1).toLowerCase();
}

import type { Ingress } from "../cluster/objects.ts";
import { addressOf } from "./health.ts";

/** Load balancer by host, of the Ingresses that have an address. */
export function addressesOf(ingresses: readonly Ingress[], names: readonly string[]): Readonly<Record<string, string>> {
  const addresses: Record<string, string> = {};
  for (const ingress of ingresses.filter((item) => names.includes(item.metadata.name))) {
    const address = addressOf(ingress);
    for (const { host } of ingress.spec?.rules ?? []) if (host && address) addresses[host] = address;
  }
  return addresses;
}

/** The DNS records that are to be made, ready to paste. A load balancer's name wants a CNAME (or an alias), an address an A record. */
export function recordsText(addresses: Readonly<Record<string, string>>): string {
  return Object.entries(addresses)
    .map(
      ([host, address]) => `${host}. 300 IN ${/^\d+(\.\d+){3}$/.test(address) ? `A ${address}` : `CNAME ${address}.`}`,
    )
    .join("\n");
}

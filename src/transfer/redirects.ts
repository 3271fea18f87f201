import { UserError } from "../errors.ts";

const secrets = /^(authorization|cookie|proxy-authorization)$/i;

/** Whether two absolute URLs have the same scheme, host and port. */
export function sameOrigin(one: string, other: string): boolean {
  return new URL(one).origin === new URL(other).origin;
}

/** Headers for a request that a server sent on from `from` to `to`: what authorises goes to the same origin only. */
export function headersFor(
  headers: Readonly<Record<string, string>>,
  from: string,
  to: string,
): Readonly<Record<string, string>> {
  if (sameOrigin(from, to)) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !secrets.test(name)));
}

/** The absolute URL of a `Location` header. From https to plain http is refused, since anyone on the way could then read along. */
export function locationOf(location: string, from: string, what: string): string {
  if (!URL.canParse(location, from)) throw refused(what, "sent us on to something that is no URL");
  const to = new URL(location, from);
  if (!/^https?:$/.test(to.protocol) || (to.protocol === "http:" && new URL(from).protocol === "https:"))
    throw refused(what, `sent us on from https to ${to.protocol.slice(0, -1)}`);
  // An absolute location goes out as it stands: normalising it could break its signature.
  return /^https?:\/\//i.test(location) ? location : to.href;
}

function refused(what: string, why: string): UserError {
  return new UserError("SOURCE_REFUSED", {
    happened: `${what}: the server ${why}.`,
    next: "Give the URL that it leads to, or put the file into S3.",
  });
}

import type { Finding } from "../../action/context.ts";
import type { CertificateFacts } from "../../facts/certificate.ts";
import { type Values, valueAt } from "../merge.ts";
import type { Places } from "../places.ts";
import { type Host, normalHost } from "./hosts.ts";

const day = 86_400_000;
/** A certificate that nothing renews must live this long. */
const soon = 30 * day;

/** The certificates that the annotations name. */
export function arnsOf(values: Values): readonly string[] {
  const value = valueAt(values, ...place);
  return String(value ?? "")
    .split(",")
    .map((arn) => arn.trim())
    .filter((arn) => arn !== "");
}

/** The controller would look for certificates by host. */
export function noCertificate(places: Places): Finding {
  return {
    code: "VALUES_NO_CERTIFICATE",
    level: "warning",
    happened: "No certificate is named; the load balancer controller will look for one by host.",
    next: "Set ingress.certificateArn, so that it can be checked before the release.",
    at: places(["ingress"]),
  };
}

const place = ["ingress", "annotations", "alb.ingress.kubernetes.io/certificate-arn"];

/** Whether a name of a certificate covers a host: the same, or a wildcard in place of exactly its first label. */
export function covers(name: string, host: string): boolean {
  const [pattern, wanted] = [normalHost(name), normalHost(host)];
  if (!pattern.startsWith("*.")) return pattern === wanted;
  const dot = wanted.indexOf(".");
  return dot > 0 && wanted.slice(dot) === pattern.slice(1);
}

/** Hosts that none of the certificates covers. */
export function coverFindings(
  certificates: readonly CertificateFacts[],
  hosts: readonly Host[],
  places: Places,
): readonly Finding[] {
  const names = certificates.flatMap((certificate) => certificate.names);
  return hosts
    .filter(({ host }) => host !== "" && !names.some((name) => covers(name, host)))
    .map(({ host, owner, path }) => ({
      code: "VALUES_HOST_NOT_COVERED",
      level: "error" as const,
      happened: `The host ${host} of ${owner} is not covered by the certificate, which has ${shownNames(names)}.`,
      next: "Issue a certificate that includes it (a wildcard covers exactly one label), and set ingress.certificateArn.",
      at: places(path),
    }));
}

function shownNames(names: readonly string[]): string {
  if (names.length === 0) return "no names";
  return names.length > 12 ? `${names.slice(0, 12).join(", ")} and ${names.length - 12} more` : names.join(", ");
}

/** Whether certificates of these ARNs can be used at all by a load balancer of that account and region; asks nobody. */
export function arnFindings(
  arns: readonly string[],
  where: { readonly region: string; readonly account: string },
  places: Places,
): readonly Finding[] {
  return arns.flatMap((arn) => {
    const [, , service, region, account] = arn.split(":");
    if (service !== "acm" || !/^arn:[^:]+:acm:[^:]+:\d{12}:certificate\/.+$/.test(arn))
      return [unusable(`"${arn}" is no ARN of a certificate of Certificate Manager`, places)];
    if (region !== where.region)
      return [unusable(`The certificate ${arn} is in ${region}; the load balancer will be in ${where.region}`, places)];
    if (account !== where.account)
      return [
        unusable(`The certificate ${arn} is of account ${account}; the release goes to ${where.account}`, places),
      ];
    return [];
  });
}

/** Whether a certificate serves: issued, valid at `now`, not another service's, and not about to run out. */
export function certificateFindings(certificate: CertificateFacts, now: number, places: Places): readonly Finding[] {
  const { arn, status, notAfter, notBefore } = certificate;
  if (status === "NOT_FOUND") return [unusable(`There is no certificate ${arn}`, places)];
  if (status !== "ISSUED") {
    const why = certificate.failureReason ? ` (${certificate.failureReason})` : "";
    return [unusable(`The certificate ${arn} is ${status}${why}, not ISSUED`, places)];
  }
  if (certificate.managedBy === "CLOUDFRONT")
    return [unusable(`The certificate ${arn} is managed by CloudFront`, places)];
  if (notBefore !== undefined && notBefore > now)
    return [unusable(`The certificate ${arn} is valid only from ${date(notBefore)}`, places)];
  if (notAfter === undefined) return [];
  if (notAfter <= now) return [unusable(`The certificate ${arn} ran out on ${date(notAfter)}`, places)];
  const renews =
    certificate.type !== "IMPORTED" && !["FAILED", "PENDING_VALIDATION"].includes(certificate.renewal ?? "");
  if (renews || notAfter - now > soon) return [];
  return [
    {
      code: "VALUES_CERTIFICATE_EXPIRES",
      level: "warning",
      happened: `The certificate ${arn} runs out on ${date(notAfter)}, and ${certificate.type === "IMPORTED" ? "imported certificates are not renewed" : `its renewal is ${certificate.renewal}`}.`,
      next: "Renew it before then.",
      at: places(place),
    },
  ];
}

function unusable(happened: string, places: Places): Finding {
  return {
    code: "VALUES_CERTIFICATE_UNUSABLE",
    level: "error",
    happened: `${happened}.`,
    next: "Set ingress.certificateArn to an issued certificate of Certificate Manager in the cluster's region and account.",
    at: places(place),
  };
}

function date(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

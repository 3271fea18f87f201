/** Annotations of the AWS Load Balancer Controller. */
export const alb = "alb.ingress.kubernetes.io/";

/** What the load balancer shall be like. */
export interface WantedIngress {
  readonly scheme: "internal" | "internet-facing";
  readonly groupName: string;
  /** Several separated by commas; absent: the controller looks for certificates by host. */
  readonly certificateArn: string | undefined;
  readonly httpRedirect: boolean;
  /** Further ones of the spec; they win. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Forward secrecy and TLS 1.2 or later (guide, step 6). */
export const sslPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/**
 * The annotations of every Ingress, in the guide's order (step 6), then the spec's own by name. Without an HTTP listener `ssl-redirect` acts on
 * nothing (port 80 is closed); `httpRedirect` opens one, which it then redirects.
 * https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
 */
export function ingressAnnotations(wanted: WantedIngress): Readonly<Record<string, string>> {
  const made: Record<string, string> = {
    [`${alb}scheme`]: wanted.scheme,
    [`${alb}target-type`]: "ip",
    [`${alb}listen-ports`]: wanted.httpRedirect ? '[{"HTTP":80},{"HTTPS":443}]' : '[{"HTTPS":443}]',
    [`${alb}ssl-redirect`]: "443",
    [`${alb}ssl-policy`]: sslPolicy,
    [`${alb}group.name`]: wanted.groupName,
  };
  if (wanted.certificateArn) made[`${alb}certificate-arn`] = wanted.certificateArn;
  made[`${alb}healthcheck-path`] = "/health";
  const further = Object.keys(wanted.annotations).sort();
  return Object.fromEntries([
    ...Object.entries(made),
    ...further.map((name) => [name, wanted.annotations[name]!] as const),
  ]);
}

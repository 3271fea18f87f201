/**
 * Annotations of an Ingress that AWS Load Balancer Controller 3.5 reads, without `alb.ingress.kubernetes.io/`.
 * https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
 */
export const knownAnnotations: readonly string[] = [
  "auth-idp-cognito",
  "auth-idp-oidc",
  "auth-on-unauthenticated-request",
  "auth-scope",
  "auth-session-cookie",
  "auth-session-timeout",
  "auth-type",
  "backend-protocol",
  "backend-protocol-version",
  "certificate-arn",
  "customer-owned-ipv4-pool",
  "enable-frontend-nlb",
  "group.name",
  "group.order",
  "healthcheck-interval-seconds",
  "healthcheck-path",
  "healthcheck-port",
  "healthcheck-protocol",
  "healthcheck-timeout-seconds",
  "healthy-threshold-count",
  "inbound-cidrs",
  "ip-address-type",
  "ipam-ipv4-pool-id",
  "jwt-validation",
  "listen-ports",
  "load-balancer-attributes",
  "load-balancer-capacity-reservation",
  "load-balancer-name",
  "manage-backend-security-group-rules",
  "minimum-load-balancer-capacity",
  "multi-cluster-target-group",
  "mutual-authentication",
  "scheme",
  "security-group-prefix-lists",
  "security-groups",
  "shield-advanced-protection",
  "ssl-policy",
  "ssl-redirect",
  "subnets",
  "success-codes",
  "tags",
  "target-control-port",
  "target-group-attributes",
  "target-node-labels",
  "target-type",
  "unhealthy-threshold-count",
  "use-regex-path-match",
  "waf-acl-id",
  "wafv2-acl-arn",
  "wafv2-acl-name",
  "web-acl-id",
];

/** Those whose name carries a name of the user's: an action, a listener, a frontend. */
const families = [
  "actions.",
  "conditions.",
  "transforms.",
  "listener-attributes.",
  "frontend-nlb-",
  "target-control-port.",
];

export function isKnownAnnotation(name: string): boolean {
  return knownAnnotations.includes(name) || families.some((family) => name.startsWith(family));
}

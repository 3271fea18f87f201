import { ingressEvent, type State, serving } from "./shapes.ts";

/** Ingresses that get no load balancer. */
export const ingress: readonly State[] = [
  [
    "the subnets are not tagged",
    ingressEvent("Failed build model due to couldn't auto-discover subnets: unable to resolve at least one subnet"),
    "DEPLOY_INGRESS_SUBNETS",
  ],
  [
    "no certificate fits",
    ingressEvent("Failed build model due to ingress: no certificate found for host: point.dev.example.com"),
    "DEPLOY_INGRESS_CERTIFICATE",
  ],
  [
    "the controller lacks a right",
    ingressEvent("AccessDenied: not authorized to perform: elasticloadbalancing:CreateLoadBalancer"),
    "DEPLOY_INGRESS_DENIED",
  ],
  [
    "Ingresses of a group contradict each other",
    ingressEvent("Failed build model due to conflicting scheme: internal | internet-facing"),
    "DEPLOY_INGRESS_CONFLICT",
  ],
  [
    "the controller fails for another reason",
    ingressEvent("Failed deploy model due to TargetGroupNotFound"),
    "DEPLOY_INGRESS_FAILED",
  ],
  [
    "the controller has no pods",
    { pods: [{ main: serving }], surroundings: { controllerReady: false } },
    "DEPLOY_INGRESS_NO_CONTROLLER",
  ],
  [
    "the controller does not reach AWS",
    ingressEvent(
      'Failed build model due to RequestError: send request failed caused by: Post "https://elasticloadbalancing.us-east-2.amazonaws.com/": dial tcp: lookup elasticloadbalancing.us-east-2.amazonaws.com on 10.100.0.10:53: no such host',
    ),
    "DEPLOY_INGRESS_FAILED",
  ],
  [
    "the Service has no node port",
    ingressEvent(
      "Failed deploy model due to InvalidParameter: 1 validation error(s). minimum field value of 1, CreateTargetGroupInput.Port.",
    ),
    "DEPLOY_INGRESS_FAILED",
  ],
  [
    "the controller may not look for subnets",
    ingressEvent(
      "Failed build model due to couldn't auto-discover subnets: UnauthorizedOperation: You are not authorized to perform: ec2:DescribeSubnets",
    ),
    "DEPLOY_INGRESS_DENIED",
  ],
  [
    "the account has no load balancer left",
    ingressEvent(
      "Failed deploy model due to TooManyLoadBalancers: The maximum number of load balancers has been reached",
    ),
    "DEPLOY_INGRESS_FAILED",
  ],
  [
    "a web ACL does not exist",
    ingressEvent("Failed deploy model due to WAFNonexistentItemException: AWS WAF couldn't perform the operation"),
    "DEPLOY_INGRESS_FAILED",
  ],
  [
    "a security group does not exist",
    ingressEvent("Failed build model due to couldn't find all security groups: requested ids [sg-0a] but found []"),
    "DEPLOY_INGRESS_FAILED",
  ],
];

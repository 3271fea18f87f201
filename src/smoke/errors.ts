import type { Catalogue } from "../errors.ts";

const balancer = "If requests return a 5xx from the load balancer, confirm the target group is healthy.";

export const smokeErrors: Catalogue = {
  SMOKE_FAILED: {
    means: "At least one model did not pass its smoke test.",
    remedy: "Read the failed checks in the summary; each has a remedy.",
  },
  SMOKE_NO_MODELS: {
    means: "There is nothing to test: no models were given.",
    remedy: "Give `models` (the output rendered-models of render-values), or a spec with models.",
  },
  SMOKE_ROOT_UNREADABLE: {
    means: "`ca-certificate` names a file that cannot be read.",
    remedy: "Give the path of a PEM file, or the PEM text itself.",
  },
  SMOKE_DNS: {
    means: "A model's host name does not resolve.",
    remedy: "Create the DNS record that helm-deploy prints, or give `resolve`.",
  },
  SMOKE_ADDRESS: {
    means: "A model's host has several addresses, and not all of them take connections: some callers fail.",
    remedy:
      "Compare the DNS record with the load balancer's addresses, and look at its zones, subnets and security groups.",
  },
  SMOKE_TLS: {
    means: "TLS fails: name, chain or time of the certificate. It is never skipped.",
    remedy: "Mend the certificate in ACM; with a private authority give its root as `ca-certificate`.",
  },
  SMOKE_CONNECT: {
    means: "No connection to the load balancer.",
    remedy:
      "Check the load balancer's state, listeners and security groups; an internal one answers only inside the VPC.",
  },
  SMOKE_SILENT: {
    means: "A server took the request and then sent nothing.",
    remedy: "Look at the model's pod and its log.",
  },
  SMOKE_CUT: {
    means: "An answer broke off, or did not end in time.",
    remedy: "Look at the model's log at that time; a proxy or an idle timeout may cut answers.",
  },
  SMOKE_BALANCER: {
    means: "The load balancer answers 502, 503 or 504, or has no rule for the host.",
    remedy:
      "Look at the target group's health and the pods; a model that is loading stays unhealthy until it is ready.",
    guide: balancer,
  },
  SMOKE_LIMITED: {
    means:
      "Something in front of a model answers 429: too many requests. Where the answer says when to come again (`Retry-After`) before the deadline, that is waited for.",
    remedy: "Let the runner through the rate rule of the WAF or gateway, or raise its limit.",
  },
  SMOKE_HEALTH: { means: "/health does not answer 200.", remedy: "Look at the model's pod and its log." },
  SMOKE_MODEL_NAME: {
    means: "/v1/models does not list the model's name.",
    remedy: "Compare `modelName` in the spec with what the server loaded; the host may reach another model's service.",
  },
  SMOKE_AUTH_OPEN: {
    means: "A request without the key, or with a wrong one, is answered although a key is expected.",
    remedy:
      "Check that `authentication.secretName` is set, that the Secret holds VLLM_API_KEY, and that the pods were restarted after it changed.",
  },
  SMOKE_AUTH_REFUSED: {
    means: "The right key is refused.",
    remedy: "Check that the given key is the one in the Secret, and restart the pods after a change.",
  },
  SMOKE_AUTH_UNEXPECTED: {
    means: "The server wants a key, and none was given.",
    remedy: "Give `api-key` or `api-key-from`.",
  },
  SMOKE_ANSWER: {
    means: "A model's answer breaks the form of the OpenAI API, is empty, or is not what `expect` wants.",
    remedy: "Look at the answer in the summary and at the model's log.",
  },
  SMOKE_STREAM: {
    means: "A streamed answer is broken: an error after the 200, no text, or an end without [DONE].",
    remedy: "Look at the model's log at that time; a proxy or an idle timeout may cut streams.",
  },
  SMOKE_TOOLS: {
    means: "An agent model that was offered a tool does not call it, or calls it wrongly.",
    remedy: "Check the model's tool arguments (--enable-auto-tool-choice and --tool-call-parser) in its values.",
  },
  SMOKE_OPEN_PATH: {
    means: "A path that the key does not guard answers a model request.",
    remedy:
      "Close it at the load balancer: a rule with a fixed 403 answer for the path, or WAF; `fail-on-open-paths` says what fails.",
  },
  SMOKE_PLAIN_HTTP: {
    means: "A model's host answers over HTTP, without TLS.",
    remedy: "Take the HTTP listener out of listen-ports, or let it redirect with ssl-redirect.",
  },
  SMOKE_PODS: {
    means: "A model's pods are not ready or have restarted, or its Ingress or Service is missing.",
    remedy: "Read their events and their last words: kubectl describe pods, kubectl logs --previous.",
  },
  SMOKE_TARGETS: {
    means: "The load balancer does not find all targets of a model healthy.",
    remedy: "Compare the health check's path and port with the pod, and look at the security groups.",
    guide: balancer,
  },
  SMOKE_SLOW: {
    means: "A threshold is missed, or the baseline by more than `max-regression`.",
    remedy: "Look at the pod's GPU, other load on the node, and the timings in the summary.",
  },
  SMOKE_CERTIFICATE_ENDS: { means: "The certificate ends within 30 days.", remedy: "Renew it in ACM." },
};

import { EksDeployError, RemoteError, UserError } from "../errors.ts";

type ConnectionCode = "TRANSFER_BROKEN" | "TRANSFER_STALLED" | "TRANSFER_TLS";

/** A connection that broke, could not be made or fell silent; worth another attempt unless it is about the certificate. */
export class ConnectionFailed extends RemoteError {
  declare readonly code: ConnectionCode;
  /** `ECONNRESET`, `ENOTFOUND`, `STALLED`, ...; empty where there is none. */
  readonly reason: string;
  /** In words; `happened` is made from it. */
  readonly why: string;

  constructor(code: ConnectionCode, what: string, reason: string, why: string, cause?: unknown) {
    super(code, {
      happened: `${what}: ${why}.`,
      next:
        code === "TRANSFER_TLS"
          ? "Give the authority as a PEM file in NODE_EXTRA_CA_CERTS or AWS_CA_BUNDLE."
          : "Run it again: what was finished is not repeated.",
      ...(cause === undefined ? {} : { cause }),
    });
    this.reason = reason;
    this.why = why;
  }
}

/** An answer that is none of those that the caller can use. */
export class Refused extends RemoteError {
  readonly status: number;
  /** The service's own name of it (`SlowDown`, `NoSuchUpload`, `BLOB_UNKNOWN`); empty where the answer has none. */
  readonly reason: string;
  /** Milliseconds that the server asks to wait. */
  readonly retryAfter: number | undefined;

  constructor(what: string, answer: RefusedAnswer, now: number) {
    const reason = reasonOf(answer.body);
    const words = messageOf(answer.body);
    super("TRANSFER_REFUSED", {
      happened: `${what}: the server answered ${answer.status}${reason ? ` ${reason}` : ""}${words ? ` (${words})` : ""}.`,
      next:
        answer.status === 429 || answer.status >= 500
          ? "Run it again later: what was finished is not repeated."
          : "Read the server's words above.",
    });
    this.status = answer.status;
    this.reason = reason;
    this.retryAfter = retryAfter(answer.headers["retry-after"], now);
  }
}

export interface RefusedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const untrusted =
  /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|HOSTNAME_MISMATCH|INVALID_CA)/;

/** What a socket or the HTTP parser threw, as one of ours. Never shows a URL: it may be presigned. */
export function connectionFailure(thrown: unknown, what: string): EksDeployError {
  if (thrown instanceof EksDeployError) return thrown;
  const { code = "", message = "" } = (thrown ?? {}) as { code?: string; message?: string };
  if (untrusted.test(code))
    return new ConnectionFailed(
      "TRANSFER_TLS",
      what,
      code,
      `the server's certificate is not trusted (${code})`,
      thrown,
    );
  if (code === "ERR_INVALID_CHAR" || code === "ERR_UNESCAPED_CHARACTERS")
    return new UserError("SOURCE_REFUSED", {
      happened: `${what}: a URL or key holds characters that cannot be sent.`,
      next: "Correct the URL; percent-encode what is neither a letter, a digit nor one of -._~/.",
    });
  return new ConnectionFailed("TRANSFER_BROKEN", what, code, `the connection broke (${code || message})`, thrown);
}

/** `Retry-After` in milliseconds from `now`: seconds, or a date. */
export function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** The error's name in S3's XML or a registry's JSON. */
export function reasonOf(body: Uint8Array): string {
  const text = start(body);
  return /<Code>([\w.-]{1,80})<\/Code>/.exec(text)?.[1] ?? /"code"\s*:\s*"([\w.-]{1,80})"/.exec(text)?.[1] ?? "";
}

function messageOf(body: Uint8Array): string {
  const text = start(body);
  // A refusal names principal and resource first, and why at its end.
  const xml = /<Message>([^<]{1,600})/.exec(text)?.[1];
  const json = /"message"\s*:\s*"((?:[^"\\]|\\.){1,600})/.exec(text)?.[1]?.replace(/\\(["\\/])/g, "$1");
  return (xml ?? json ?? "").replace(/[\u0000-\u001f\u007f]+/g, " ").trim();
}

function start(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, 65_536)).toString("utf8");
}

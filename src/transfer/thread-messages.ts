import type { Event } from "../action/context.ts";
import type { Surroundings } from "../agent.ts";
import type { Place } from "../bytes/source.ts";
import {
  asEksDeployError,
  Cancelled,
  type EksDeployError,
  type ErrorText,
  InternalError,
  RemoteError,
  UserError,
} from "../errors.ts";
import { ConnectionFailed } from "./failure.ts";
import type { Answer, Outgoing } from "./send.ts";

/** What a sending thread is started with. */
export interface ThreadStart {
  readonly surroundings: Surroundings;
  /** Connections at once to one host. */
  readonly connections: number;
}

/** A request whose body is a range of what lies somewhere, with its checksum behind it. */
export interface PlacedRequest extends Pick<Outgoing, "what" | "method" | "url" | "headers" | "stall" | "patience"> {
  readonly place: Place;
  readonly size: number;
}

/** What a thread is told: to send a request, or to let go of it. */
export interface Order {
  readonly id: number;
  readonly request?: PlacedRequest;
}

/** The server's answer, and the checksum of the body where all of it was read. */
export interface Sent {
  readonly answer: Omit<Answer, "body"> & { readonly body: Uint8Array<ArrayBuffer> };
  readonly crc: bigint | undefined;
}

/** What a thread says of a request: how it ended, and before that what happened on the way. */
export interface Report {
  readonly id: number;
  readonly event?: Event;
  readonly sent?: Sent;
  readonly failure?: Told;
}

/** An error of ours in words that pass from thread to thread. */
interface Told extends Pick<ErrorText, "happened" | "next"> {
  readonly name: string;
  readonly code: string;
  readonly connection?: Pick<ConnectionFailed, "code" | "reason" | "why">;
}

/** Anything thrown, as a message. */
export function tell(thrown: unknown): Told {
  const error = asEksDeployError(thrown);
  const { name, code, happened, next } = error;
  if (!(error instanceof ConnectionFailed)) return { name, code, happened, next };
  return { name, code, happened, next, connection: { code: error.code, reason: error.reason, why: error.why } };
}

/** The error that a message tells of. */
export function told(what: string, { name, code, happened, next, connection }: Told): EksDeployError {
  if (connection) return new ConnectionFailed(connection.code, what, connection.reason, connection.why);
  if (name === "Cancelled") return new Cancelled();
  const family = { UserError, RemoteError }[name] ?? InternalError;
  return new family(code, { happened, next });
}

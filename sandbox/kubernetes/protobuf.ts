import type { Json, JsonMap } from "./objects.ts";

/**
 * Bodies in `application/vnd.kubernetes.protobuf`: what Go's typed clients send (helm for its release Secrets, `kubectl create`). Only the messages that
 * those clients write in a release; field numbers are those of the public `generated.proto` files.
 */
type FieldType =
  | "string"
  | "int"
  | "bool"
  | "bytes"
  | "time"
  | Message
  | { readonly list: FieldType }
  | { readonly map: FieldType };
interface Message {
  readonly fields: Readonly<Record<number, readonly [name: string, type: FieldType]>>;
}

const strings = { list: "string" } as const;
const stringMap = { map: "string" } as const;
const quantity: Message = { fields: { 1: ["", "string"] } };

const ownerReference: Message = {
  fields: {
    1: ["kind", "string"],
    3: ["name", "string"],
    4: ["uid", "string"],
    5: ["apiVersion", "string"],
    6: ["controller", "bool"],
    7: ["blockOwnerDeletion", "bool"],
  },
};
const metadata: Message = {
  fields: {
    1: ["name", "string"],
    2: ["generateName", "string"],
    3: ["namespace", "string"],
    5: ["uid", "string"],
    6: ["resourceVersion", "string"],
    7: ["generation", "int"],
    8: ["creationTimestamp", "time"],
    11: ["labels", stringMap],
    12: ["annotations", stringMap],
    13: ["ownerReferences", { list: ownerReference }],
    14: ["finalizers", strings],
  },
};
const object = (fields: Message["fields"]): Message => ({ fields: { 1: ["metadata", metadata], ...fields } });
const reference: Message = { fields: { 1: ["kind", "string"], 2: ["namespace", "string"], 3: ["name", "string"] } };
const resourceAttributes: Message = {
  fields: {
    1: ["namespace", "string"],
    2: ["verb", "string"],
    3: ["group", "string"],
    4: ["version", "string"],
    5: ["resource", "string"],
    6: ["subresource", "string"],
    7: ["name", "string"],
  },
};

const messages: Readonly<Record<string, Message>> = {
  "v1 Secret": object({
    2: ["data", { map: "bytes" }],
    3: ["type", "string"],
    4: ["stringData", stringMap],
    5: ["immutable", "bool"],
  }),
  "v1 ConfigMap": object({ 2: ["data", stringMap], 3: ["binaryData", { map: "bytes" }], 4: ["immutable", "bool"] }),
  "v1 Namespace": object({
    2: ["spec", { fields: { 1: ["finalizers", strings] } }],
    3: ["status", { fields: { 1: ["phase", "string"] } }],
  }),
  "v1 ServiceAccount": object({
    2: ["secrets", { list: reference }],
    3: ["imagePullSecrets", { list: { fields: { 1: ["name", "string"] } } }],
    4: ["automountServiceAccountToken", "bool"],
  }),
  "v1 ResourceQuota": object({ 2: ["spec", { fields: { 1: ["hard", { map: quantity }] } }] }),
  "authorization.k8s.io/v1 SelfSubjectAccessReview": object({
    2: [
      "spec",
      {
        fields: {
          1: ["resourceAttributes", resourceAttributes],
          2: ["nonResourceAttributes", { fields: { 1: ["path", "string"], 2: ["verb", "string"] } }],
        },
      },
    ],
  }),
  "authentication.k8s.io/v1 SelfSubjectReview": object({}),
};

const deleteOptions: Message = {
  fields: {
    1: ["gracePeriodSeconds", "int"],
    2: ["preconditions", { fields: { 1: ["uid", "string"], 2: ["resourceVersion", "string"] } }],
    3: ["orphanDependents", "bool"],
    4: ["propagationPolicy", "string"],
    5: ["dryRun", strings],
  },
};

const magic = Buffer.from("k8s\0");
const envelope: Message = {
  fields: { 1: ["type", { fields: { 1: ["apiVersion", "string"], 2: ["kind", "string"] } }], 2: ["raw", "bytes"] },
};

/** The body as JSON; undefined for a message that this server does not read. */
export function readProtobuf(body: Buffer): Json | undefined {
  if (!body.subarray(0, 4).equals(magic)) return undefined;
  const { type, raw } = readMessage(envelope, body.subarray(4)) as {
    type?: { apiVersion?: string; kind?: string };
    raw?: string;
  };
  const identity = { apiVersion: type?.apiVersion ?? "", kind: type?.kind ?? "" };
  const message =
    identity.kind === "DeleteOptions" ? deleteOptions : messages[`${identity.apiVersion} ${identity.kind}`];
  if (!message) return undefined;
  return { ...readMessage(message, Buffer.from(raw ?? "", "base64")), ...identity };
}

function readMessage(message: Message, bytes: Buffer): JsonMap {
  const result: JsonMap = {};
  for (const { number, value } of wireFields(bytes)) {
    const field = message.fields[number];
    if (!field) continue;
    const [name, type] = field;
    if (typeof type === "object" && "list" in type) {
      result[name] ??= [];
      (result[name] as Json[]).push(readValue(type.list, value));
    } else if (typeof type === "object" && "map" in type) {
      const entry = readMessage({ fields: { 1: ["key", "string"], 2: ["value", type.map] } }, value as Buffer);
      result[name] ??= {};
      (result[name] as JsonMap)[String(entry["key"] ?? "")] = flat(entry["value"]);
    } else {
      result[name] = readValue(type, value);
    }
  }
  return result;
}

/** A quantity's message holds only its text. */
function flat(value: Json | undefined): Json {
  if (typeof value === "object" && value !== null && "" in value) return (value as JsonMap)[""] ?? null;
  return value ?? "";
}

function readValue(type: FieldType, value: Buffer | bigint): Json {
  if (typeof value === "bigint") return type === "bool" ? value !== 0n : Number(BigInt.asIntN(64, value));
  if (type === "string") return value.toString("utf8");
  if (type === "bytes") return value.toString("base64");
  if (type === "time") {
    const { seconds = 0 } = readMessage({ fields: { 1: ["seconds", "int"] } }, value);
    // The zero time stands for an absent one.
    return Number(seconds) > 0 ? new Date(Number(seconds) * 1000).toISOString() : null;
  }
  if (typeof type === "object" && "fields" in type) return readMessage(type, value);
  throw new Error(`protobuf: length-delimited value for ${JSON.stringify(type)}`);
}

function* wireFields(bytes: Buffer): Generator<{ number: number; value: Buffer | bigint }> {
  let offset = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[offset++];
      if (byte === undefined) throw new Error("protobuf: message is cut short");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (offset < bytes.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    if ((tag & 7) === 0) yield { number, value: varint() };
    else if ((tag & 7) === 2) {
      const length = Number(varint());
      yield { number, value: bytes.subarray(offset, offset + length) };
      offset += length;
    } else throw new Error(`protobuf: wire type ${tag & 7} does not occur in these messages`);
  }
}

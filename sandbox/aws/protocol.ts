import { randomBytes, randomUUID } from "node:crypto";
import type { Answer } from "../http.ts";
import type { AwsError } from "./service.ts";
import { type XmlValue, xmlDocument } from "./xml.ts";

/** How a service writes requests and answers. */
export type Protocol = "query" | "ec2" | "json" | "rest-json" | "rest-xml" | "s3";

/** The services of the sandbox by the name in their credential scope. `global` ones sign for one region whatever the caller's. */
export const protocols: Readonly<Record<string, { readonly protocol: Protocol; readonly global?: boolean }>> = {
  sts: { protocol: "query" },
  iam: { protocol: "query", global: true },
  elasticloadbalancing: { protocol: "query" },
  ec2: { protocol: "ec2" },
  ecr: { protocol: "json" },
  acm: { protocol: "json" },
  kms: { protocol: "json" },
  secretsmanager: { protocol: "json" },
  ssm: { protocol: "json" },
  eks: { protocol: "rest-json" },
  route53: { protocol: "rest-xml", global: true },
  s3: { protocol: "s3" },
};

/** XML namespace of a query or REST-XML service's answers. */
export const namespaces: Readonly<Record<string, string>> = {
  sts: "https://sts.amazonaws.com/doc/2011-06-15/",
  iam: "https://iam.amazonaws.com/doc/2010-05-08/",
  elasticloadbalancing: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
  ec2: "http://ec2.amazonaws.com/doc/2016-11-15/",
  route53: "https://route53.amazonaws.com/doc/2013-04-01/",
};

/** An error in the words of the service's protocol. `signingName` undefined: nobody knows which service was meant. */
export function errorAnswer(signingName: string | undefined, error: AwsError): Answer {
  const { protocol } = protocols[signingName ?? ""] ?? { protocol: "rest-json" as const };
  const requestId = randomUUID();
  const { status, code, message } = error;
  const xml = { "x-amzn-requestid": requestId, "content-type": "text/xml" };
  const namespace = namespaces[signingName ?? ""];
  switch (protocol) {
    case "ec2":
      return {
        status,
        headers: { ...xml, "content-type": "text/xml;charset=UTF-8" },
        body: xmlDocument("Response", undefined, {
          Errors: { Error: { Code: code, Message: message } },
          RequestID: requestId,
        }),
      };
    case "query":
    case "rest-xml": {
      const type = status >= 500 ? "Receiver" : "Sender";
      const shape: XmlValue = {
        Type: type,
        Code: code,
        Message: message,
        ...(error.detail as Record<string, XmlValue>),
      };
      return {
        status,
        headers: xml,
        body: xmlDocument("ErrorResponse", namespace, { Error: shape, RequestId: requestId }),
      };
    }
    case "s3": {
      const hostId = randomBytes(48).toString("base64");
      const short = requestId.replaceAll("-", "").slice(0, 16).toUpperCase();
      return {
        status,
        headers: { "x-amz-request-id": short, "x-amz-id-2": hostId, "content-type": "application/xml" },
        body: xmlDocument("Error", undefined, {
          Code: code,
          Message: message,
          ...(error.detail as Record<string, XmlValue>),
          RequestId: short,
          HostId: hostId,
        }),
      };
    }
    case "json":
      return {
        status,
        headers: { "x-amzn-requestid": requestId, "content-type": "application/x-amz-json-1.1" },
        body: JSON.stringify({ __type: code, message, ...error.detail }),
      };
    case "rest-json":
      return {
        status,
        headers: { "x-amzn-requestid": requestId, "x-amzn-errortype": code, "content-type": "application/json" },
        body: JSON.stringify({ message, ...error.detail }),
      };
  }
}

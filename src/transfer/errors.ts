import type { Catalogue } from "../errors.ts";

/** Codes of moving bytes: sources over the network, and bodies that are sent. */
export const transferErrors: Catalogue = {
  SOURCE_EXPIRED: {
    means: "A presigned URL is no longer valid: its time is over, or the session that signed it has ended.",
    remedy:
      "Make a new URL that stays valid for the whole transfer, and set it as the masked variable. What was transferred is not repeated.",
  },
  SOURCE_NO_RANGES: {
    means: "A server does not give ranges of a file, so the file can be neither read in parallel nor continued.",
    remedy: "Put the file into S3, or on a server that answers `Range: bytes=0-0` with 206.",
  },
  SOURCE_REFUSED: {
    means: "The server of a source answered something other than its bytes.",
    remedy: "Read the server's words in the message; open the URL or the object with the same rights elsewhere.",
  },
  TRANSFER_BROKEN: {
    means: "A connection broke, could not be made, or gave fewer bytes than announced, again and again.",
    remedy:
      "Run it again: finished parts and blobs are not repeated. Check proxy (HTTPS_PROXY, NO_PROXY), DNS and firewall of the runner.",
  },
  TRANSFER_STALLED: {
    means: "No byte moved over a connection for too long, again and again.",
    remedy:
      "Run it again: finished parts and blobs are not repeated. Look for a proxy or firewall that holds connections without passing bytes.",
  },
  TRANSFER_TLS: {
    means: "The certificate of a server is not trusted; nothing was sent to it.",
    remedy: "Give the authority of your proxy or server as a PEM file in NODE_EXTRA_CA_CERTS or AWS_CA_BUNDLE.",
  },
  TRANSFER_REFUSED: {
    means: "A server refused a request of a transfer, or kept failing.",
    remedy: "Read the server's words in the message; run it again where it was overloaded (429, 503).",
  },
};

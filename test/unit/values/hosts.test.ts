import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CertificateFacts } from "../../../src/facts/certificate.ts";
import { coverFindings, covers } from "../../../src/values/check/certificate.ts";
import { type Host, hostFindings, hostsOf } from "../../../src/values/check/hosts.ts";
import { renderValues } from "../../../src/values/render.ts";
import { nowhere, wanted } from "./support.ts";

const host = (name: string, owner = `the model ${name}`): Host => ({ host: name, owner, path: ["models", name] });
const codes = (hosts: readonly Host[]) => hostFindings(hosts, nowhere).map((finding) => finding.code);

const certificate = (...names: string[]): CertificateFacts => ({
  arn: "arn",
  status: "ISSUED",
  failureReason: undefined,
  names,
  notBefore: 0,
  notAfter: undefined,
  type: "AMAZON_ISSUED",
  renewal: undefined,
  managedBy: undefined,
});

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?$/);
const name = fc
  .tuple(fc.array(label, { minLength: 1, maxLength: 3 }), fc.stringMatching(/^[a-z]{2,5}$/))
  .map(([labels, top]) => [...labels, top].join("."));

/** The same name as DNS sees it: other case, a dot at the end. */
const disguised = (text: string) =>
  fc
    .tuple(fc.array(fc.boolean(), { minLength: text.length, maxLength: text.length }), fc.boolean())
    .map(
      ([upper, dot]) =>
        [...text].map((letter, index) => (upper[index] ? letter.toUpperCase() : letter)).join("") + (dot ? "." : ""),
    );

describe("hostFindings", () => {
  it("refuses a host twice, also in other case or with a trailing dot", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 1, maxLength: 6 }).chain((names) =>
          fc.tuple(
            fc.constant(names),
            fc.nat(names.length - 1).chain((index) => disguised(names[index]!)),
          ),
        ),
        ([names, again]) => {
          expect(codes(names.map((each) => host(each)))).not.toContain("VALUES_HOST_TWICE");
          expect(codes([...names, again].map((each) => host(each)))).toContain("VALUES_HOST_TWICE");
        },
      ),
    );
  });

  it.each([
    ["", "is empty"],
    ["Laguna.Example.com", "Write laguna.example.com."],
    ["laguna.example.com.", "Write laguna.example.com."],
    ["bücher.example.com", "Write xn--bcher-kva.example.com."],
    ["laguna", "one label"],
    ["10.0.0.1", "an address"],
    ["*.example.com", "wildcard"],
    ["a..example.com", "empty label"],
    ["-a.example.com", "no lower-case DNS label"],
    ["a_b.example.com", "no lower-case DNS label"],
    [`${"a".repeat(64)}.example.com`, "no lower-case DNS label"],
    [`${"a.".repeat(70)}com`, "more than 128"],
    ["https://a.example.com", "no lower-case DNS label"],
    ["a.example.com/v1", "no lower-case DNS label"],
    ["example.42", "ends with a number"],
  ])("refuses %j: %s", (bad, words) => {
    const [finding] = hostFindings([host(bad, "the model x")], nowhere);
    expect(finding).toMatchObject({ code: "VALUES_HOST_INVALID", level: "error" });
    expect(`${finding!.happened} ${finding!.next}`).toContain(words);
  });

  it("counts extra hosts and the documentation site", () => {
    const [first, ...rest] = wanted().models;
    const models = [{ ...first!, extraHosts: ["docs.dev.example.com"] }, ...rest];
    const { values } = renderValues(wanted({ models, docs: { enabled: true, host: "docs.dev.example.com" } }));
    expect(hostFindings(hostsOf(values), nowhere)).toEqual([
      expect.objectContaining({
        code: "VALUES_HOST_TWICE",
        happened: "The host docs.dev.example.com belongs to the model laguna-m and again to the documentation site.",
      }),
    ]);
  });

  it("refuses more hosts than a load balancer has rules", () => {
    const hosts = Array.from({ length: 101 }, (_, index) => host(`m${index}.example.com`));
    expect(codes(hosts)).toEqual(["VALUES_INGRESS_INVALID"]);
  });
});

describe("covers", () => {
  it("takes a wildcard for exactly one label, never for the apex or two labels", () => {
    fc.assert(
      fc.property(name, label, label, (domain, one, two) => {
        expect(covers(`*.${domain}`, `${one}.${domain}`)).toBe(true);
        expect(covers(`*.${domain}`, domain)).toBe(false);
        expect(covers(`*.${domain}`, `${two}.${one}.${domain}`)).toBe(false);
        expect(covers(domain, domain.toUpperCase())).toBe(true);
        expect(covers(domain, `${one}.${domain}`)).toBe(false);
        expect(covers(`*.${domain}`, `${one}${domain}`)).toBe(false);
      }),
    );
  });

  it("agrees with the rule said another way: same labels, but for a first label that is a star", () => {
    const judge = (pattern: string, wantedHost: string) => {
      const [a, b] = [pattern.split("."), wantedHost.split(".")];
      return a.length === b.length && a.every((part, index) => part === b[index] || (index === 0 && part === "*"));
    };
    const small = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 2, maxLength: 4 });
    const pattern = fc.tuple(small, fc.boolean()).map(([labels, star]) => (star ? ["*", ...labels.slice(1)] : labels));
    fc.assert(
      fc.property(pattern, small, (names, labels) => {
        expect(covers(names.join("."), labels.join("."))).toBe(judge(names.join("."), labels.join(".")));
      }),
    );
  });
});

describe("coverFindings", () => {
  it("refuses every host that no certificate of the list covers, and no other", () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 6 }), fc.array(fc.boolean()), (names, kept) => {
        const covered = names.filter((_, index) => kept[index]);
        const findings = coverFindings(
          covered.map((each) => certificate(each)),
          names.map((each) => host(each)),
          nowhere,
        );
        expect(findings.map((finding) => finding.code)).toEqual(
          names.filter((each) => !covered.includes(each)).map(() => "VALUES_HOST_NOT_COVERED"),
        );
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coalesced } from "../../../src/values/check/chart.ts";
import { publicFindings } from "../../../src/values/check/public.ts";
import { renderValues, type Wanted } from "../../../src/values/render.ts";
import { nowhere, wanted } from "./support.ts";

const schemeKey = "alb.ingress.kubernetes.io/scheme";

/** All the ways in which a user can say scheme and key. */
const ways = fc.record({
  scheme: fc.constantFrom("internal" as const, "internet-facing" as const),
  secret: fc.constantFrom("", "vllm-auth"),
  annotation: fc.constantFrom(undefined, "internal", "internet-facing"),
  free: fc.constantFrom<Wanted["values"]>(
    {},
    { authentication: { secretName: "" } },
    { authentication: { secretName: "other" } },
    { authentication: { secretName: null } },
    { authentication: null },
    { ingress: { annotations: { [schemeKey]: "internet-facing" } } },
    { ingress: { annotations: { [schemeKey]: "internal" } } },
    { ingress: { annotations: { [schemeKey]: null } } },
    { models: { point: { ingress: { annotations: { [schemeKey]: "internet-facing" } } } } },
  ),
  chartSecret: fc.constantFrom("", "preset"),
});

/** What a load balancer and a pod would make of it, said step by step. */
function judge(way: {
  scheme: string;
  secret: string;
  annotation: string | undefined;
  free: Wanted["values"];
  chartSecret: string;
}): boolean {
  const free = JSON.stringify(way.free);
  let scheme = way.annotation ?? way.scheme;
  if (free.includes("ingress") && !free.includes("models")) {
    if (free.includes('"internet-facing"')) scheme = "internet-facing";
    else scheme = "internal";
  }
  const anyPublic = scheme === "internet-facing" || free.includes("models");
  let secret = way.secret;
  if (free.includes('"other"')) secret = "other";
  else if (free.includes("authentication")) secret = "";
  return anyPublic && secret === "";
}

describe("publicFindings", () => {
  it("refuses a public load balancer without a key, however scheme and key were said", () => {
    fc.assert(
      fc.property(ways, (way) => {
        const { ingress } = wanted();
        const annotations: Record<string, string> = way.annotation ? { [schemeKey]: way.annotation } : {};
        const { values } = renderValues(
          wanted({
            ingress: { ...ingress, scheme: way.scheme, annotations },
            authenticationSecret: way.secret,
            values: way.free,
          }),
        );
        const all = coalesced({ values: { authentication: { secretName: way.chartSecret } } }, values);
        const findings = publicFindings(all, false, nowhere);
        expect(findings.map(({ code, level }) => `${level} ${code}`)).toEqual(
          judge(way) ? ["error VALUES_PUBLIC_WITHOUT_KEY"] : [],
        );
        expect(publicFindings(all, true, nowhere).filter(({ level }) => level === "error")).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("shows an acknowledged one as a warning", () => {
    const { values } = renderValues(wanted({ authenticationSecret: "" }));
    expect(publicFindings(values, true, nowhere)).toEqual([
      expect.objectContaining({ code: "VALUES_PUBLIC_WITHOUT_KEY", level: "warning" }),
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { humanDuration } from "../../../sandbox/kubernetes/duration.ts";
import type { KubeObject } from "../../../sandbox/kubernetes/objects.ts";
import { quantityOf } from "../../../sandbox/kubernetes/quantity.ts";
import { fieldPredicate, labelPredicate } from "../../../sandbox/kubernetes/selectors.ts";

function labelled(labels: Readonly<Record<string, string>>): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", uid: "u", resourceVersion: "1", creationTimestamp: "", labels: { ...labels } },
  };
}

describe("a label selector", () => {
  it.each([
    ["a=1", true],
    ["a==1,b=2", true],
    ["a!=1", false],
    ["c!=1", true],
    ["a in (1, 3)", true],
    ["a notin (1,3)", false],
    ["c notin (1)", true],
    ["a,!c", true],
    ["!a", false],
    ["app.kubernetes.io/name=x", true],
    ["", true],
  ])("%j is %s", (text, expected) => {
    expect(labelPredicate(text)(labelled({ a: "1", b: "2", "app.kubernetes.io/name": "x" }))).toBe(expected);
  });

  it("that cannot be read is refused", () => {
    expect(() => labelPredicate("a=(")).toThrow("unable to parse requirement");
  });
});

describe("a field selector", () => {
  it("reads names and the fields that the resource indexes", () => {
    const pod = { ...labelled({}), spec: { nodeName: "n" }, status: { phase: "Running" } } as unknown as KubeObject;
    expect(fieldPredicate("metadata.name=p,status.phase!=Failed", "pods")(pod)).toBe(true);
    expect(fieldPredicate("spec.nodeName=m", "pods")(pod)).toBe(false);
  });

  it("refuses a field that the resource does not index", () => {
    expect(() => fieldPredicate("spec.replicas=1", "deployments")).toThrow(/field label not supported|not supported/);
  });
});

describe("a quantity", () => {
  it.each([
    ["4", 4],
    ["250m", 0.25],
    ["64Gi", 64 * 2 ** 30],
    ["1e3", 1000],
    ["2k", 2000],
  ])("%s is %d", (text, value) => {
    expect(quantityOf(text)).toBe(value);
  });
});

describe("an age", () => {
  it.each([
    [0, "0s"],
    [119_000, "119s"],
    [192_000, "3m12s"],
    [3 * 3_600_000, "3h"],
    [9 * 86_400_000, "9d"],
  ])("of %d ms is %s", (milliseconds, text) => {
    expect(humanDuration(milliseconds)).toBe(text);
  });
});

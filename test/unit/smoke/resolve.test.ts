import { describe, expect, it } from "vitest";
import { contract } from "../../../src/actions/smoke-test/contract.ts";

const { parse } = contract.inputs.resolve;

describe("the input resolve", () => {
  it.each(["internal-k8s.elb.amazonaws.com", "10.0.0.1", "127.0.0.1:41249", "lb:443", "fd00::1", "[fd00::1]:443", ""])(
    'takes the address "%s"',
    (address) => {
      expect(parse(JSON.stringify({ "point.example.com": address }))).toEqual({ "point.example.com": address });
    },
  );

  it.each(["a.example.com=127.0.0.1:1,b.example.com=127.0.0.1:2", "a.example.com=https://lb", "a.example.com=lb 443"])(
    'refuses "%s" instead of asking for it until the deadline',
    (text) => {
      expect(() => parse(text)).toThrow("must be a host or an IP");
    },
  );
});

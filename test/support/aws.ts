import type { Caller } from "../../sandbox/aws/service.ts";
import { Faults } from "../../sandbox/faults.ts";
import { listen } from "../../sandbox/http.ts";
import { RequestLog } from "../../sandbox/requests.ts";
import type { Ground } from "../../sandbox/service.ts";
import { type AwsStates, startAws } from "../../sandbox/world/aws.ts";

/** The sandbox's AWS without a cluster or models, and a user of it. */
export interface TestAws {
  readonly ground: Ground;
  readonly states: AwsStates;
  readonly user: Caller;
  /** The endpoint and the user's key, as AWS's SDKs read them. */
  readonly env: Readonly<Record<string, string>>;
  /** What it did wrong itself, and calls that it does not have. */
  readonly defects: readonly unknown[];
  close(): Promise<void>;
}

/** Starts AWS and its registry on loopback, in one account and region. */
export async function startTestAws(place: { readonly account: string; readonly region: string }): Promise<TestAws> {
  const defects: unknown[] = [];
  const now = () => Date.now();
  const onDefect = (error: unknown) => void defects.push(error);
  const ground: Ground = { requests: new RequestLog(), faults: new Faults(), now, pace: 0, onDefect };
  const { states, handler, registry } = await startAws(ground, {
    ...place,
    partition: "aws",
    issuers: () => undefined,
    clocks: () => [now()],
    discard: false,
  });
  const user = states.principals.addUser(place.account, "tester");
  const endpoint = await listen(handler, onDefect);
  return {
    ground,
    states,
    user: user.caller,
    env: {
      AWS_ENDPOINT_URL: endpoint.url,
      AWS_ACCESS_KEY_ID: user.caller.accessKeyId,
      AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
    },
    defects,
    close: async () => void (await Promise.all([registry.close(), endpoint.close()])),
  };
}

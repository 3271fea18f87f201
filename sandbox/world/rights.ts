import { roleMay } from "../aws/iam/authority.ts";
import type { IamState } from "../aws/iam/state.ts";
import { contextOf } from "../aws/policy/evaluate.ts";
import type { Credential, Principals } from "../aws/principals.ts";
import type { Refusal } from "../aws/refusals.ts";
import { refusal } from "../aws/refusals.ts";
import type { AwsError, Caller } from "../aws/service.ts";
import type { Operation } from "../requests.ts";
import type { Permission } from "../s3/permissions.ts";

/** What role sessions may do, by the policies of their roles as they stand; users are administrators. */
export class Rights {
  private readonly iam: IamState;
  private readonly principals: Principals;
  private readonly region: string;

  constructor(iam: IamState, principals: Principals, region: string) {
    this.iam = iam;
    this.principals = principals;
    this.region = region;
  }

  /** The front door's question: every action of the call on every ARN that it acts on. */
  readonly call = (credential: Credential, operation: Operation, arns: readonly string[]): Refusal | undefined => {
    for (const action of operation.iam) {
      const other = operation.elsewhere?.[action];
      for (const arn of other === undefined ? arns : [other]) {
        const refused = this.judge(credential, action, arn, this.contextOf(operation, action));
        if (refused) return refused;
      }
    }
    return undefined;
  };

  /** S3's question. */
  readonly s3 = (caller: Caller, { action, arn, context }: Permission): AwsError | undefined => {
    const refused = this.of(caller, action, arn, context);
    return refused && refusal("s3", refused);
  };

  /** The registry's question: the refusal's text. */
  readonly registry = (caller: Caller, action: string, arn: string): string | undefined => {
    const refused = this.of(caller, action, arn, {});
    return refused && refusal("ecr", refused).message;
  };

  private of(caller: Caller, action: string, arn: string, context: Readonly<Record<string, string>>) {
    const credential = this.principals.find(caller.accessKeyId);
    return credential && this.judge(credential, action, arn, context);
  }

  private judge(
    credential: Credential,
    action: string,
    resource: string,
    context: NonNullable<Operation["context"]>,
  ): Refusal | undefined {
    const { roleArn, caller } = credential;
    if (roleArn === undefined) return undefined;
    const values = { "aws:PrincipalArn": roleArn, "aws:PrincipalAccount": caller.account, ...context };
    const { decision } = roleMay(this.iam, roleArn, action, resource, contextOf(values));
    if (decision === "allowed") return undefined;
    return { why: "denied", arn: caller.arn, action, resource, explicit: decision === "explicitDeny" };
  }

  private contextOf(operation: Operation, action: string): NonNullable<Operation["context"]> {
    const through = action.startsWith("kms:") && operation.service !== "kms";
    return {
      "aws:ResourceAccount": this.iam.account,
      ...operation.context,
      ...(through ? { "kms:ViaService": `${operation.service}.${this.region}.amazonaws.com` } : {}),
    };
  }
}

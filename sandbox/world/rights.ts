import { repositoryDecision } from "../aws/ecr/policy.ts";
import { roleMay } from "../aws/iam/authority.ts";
import type { IamState } from "../aws/iam/state.ts";
import { contextOf } from "../aws/policy/evaluate.ts";
import type { Credential, Principals } from "../aws/principals.ts";
import type { Refusal } from "../aws/refusals.ts";
import { refusal } from "../aws/refusals.ts";
import type { AwsError, Caller } from "../aws/service.ts";
import type { Operation } from "../requests.ts";
import type { Permission } from "../s3/permissions.ts";

export interface RightsOptions {
  /** IAM of the account whose services ask. */
  readonly iam: IamState;
  /** IAM of each account that a caller may be of. */
  readonly accounts: ReadonlyMap<string, IamState>;
  readonly principals: Principals;
  readonly region: string;
  /** The policy of a repository of this account, by its ARN. */
  readonly repositoryPolicy: (arn: string) => string | undefined;
}

/** What role sessions may do, by the policies of their roles as they stand; users are administrators of their account. */
export class Rights {
  private readonly options: RightsOptions;

  constructor(options: RightsOptions) {
    this.options = options;
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

  /**
   * The registry's question: the refusal's text. Within an account its own policy or the repository's may allow, across accounts both must; a deny in either wins
   * ("Private repository policies", ECR user guide; "Cross-account policy evaluation logic", IAM user guide).
   */
  readonly registry = (caller: Caller, action: string, arn: string): string | undefined => {
    const refused = this.ofRepository(caller, action, arn);
    return refused && refusal("ecr", refused).message;
  };

  private ofRepository(caller: Caller, action: string, arn: string): Refusal | undefined {
    const { iam, principals, repositoryPolicy } = this.options;
    const roleArn = principals.find(caller.accessKeyId)?.roleArn;
    const context = contextOf({ "aws:PrincipalArn": roleArn ?? caller.arn, "aws:PrincipalAccount": caller.account });
    const byRepository = repositoryDecision(
      repositoryPolicy(arn),
      { caller, roleArn },
      { action, resource: arn, context },
    );
    const refused = this.of(caller, action, arn, {});
    if (refused?.why === "denied" && refused.explicit) return refused;
    const denied = { why: "denied", arn: caller.arn, action, resource: arn, by: "resource-based" } as const;
    if (byRepository === "explicitDeny") return { ...denied, explicit: true };
    if (caller.account === iam.account) return byRepository === "allowed" ? undefined : refused;
    return refused ?? (byRepository === "allowed" ? undefined : { ...denied, explicit: false });
  }

  private of(caller: Caller, action: string, arn: string, context: Readonly<Record<string, string>>) {
    const credential = this.options.principals.find(caller.accessKeyId);
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
    const iam = this.options.accounts.get(caller.account) ?? this.options.iam;
    const { decision } = roleMay(iam, roleArn, action, resource, contextOf(values));
    if (decision === "allowed") return undefined;
    return { why: "denied", arn: caller.arn, action, resource, explicit: decision === "explicitDeny" };
  }

  private contextOf(operation: Operation, action: string): NonNullable<Operation["context"]> {
    const through = action.startsWith("kms:") && operation.service !== "kms";
    return {
      "aws:ResourceAccount": this.options.iam.account,
      ...operation.context,
      ...(through ? { "kms:ViaService": `${operation.service}.${this.options.region}.amazonaws.com` } : {}),
    };
  }
}

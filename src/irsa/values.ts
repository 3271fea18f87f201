/** The part of the chart's values that says how pods get credentials. */
export type IdentityValues =
  | {
      readonly serviceAccount: {
        readonly create: boolean;
        readonly name: string;
        readonly annotations?: Readonly<Record<string, string>>;
      };
    }
  | { readonly s3: { readonly secretName: string } };

export const roleAnnotation = "eks.amazonaws.com/role-arn";

/** The chart makes the service account, annotated with the role (guide, step 6). */
export function annotatedAccount(name: string, roleArn: string): IdentityValues {
  return { serviceAccount: { create: true, name, annotations: { [roleAnnotation]: roleArn } } };
}

/** The chart makes the service account; the cluster's association gives it the role. */
export function plainAccount(name: string): IdentityValues {
  return { serviceAccount: { create: true, name } };
}

/** The service account is there already and belongs to others (guide, step 4, eksctl). */
export function foreignAccount(name: string): IdentityValues {
  return { serviceAccount: { create: false, name } };
}

/** Static keys in a Secret (guide, step 4, last note). */
export function staticKeys(secretName: string): IdentityValues {
  return { s3: { secretName } };
}

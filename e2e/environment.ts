/** What the SDK and the AWS tools must not take from this machine, and what the given values add. Gives back a function that restores it. */
export function useAwsEnvironment(values: Readonly<Record<string, string>>): () => void {
  const saved = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  Object.assign(process.env, {
    // Neither the machine's own profiles nor an instance's role shall answer for a missing key.
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    ...values,
  });
  return () => {
    process.env = saved;
  };
}

interface Rules {
  readonly properties?: { readonly authSchemes?: readonly { readonly signingRegion?: string }[] };
}

/**
 * Region that a global service (IAM, Route 53) of the caller's partition signs for, from the SDK's own endpoint rules.
 * Needed because with an endpoint of one's own (`AWS_ENDPOINT_URL`) the SDK skips those rules and signs for the caller's region.
 */
export function globalRegion(region: string, provider: (place: { Region: string }) => unknown): string {
  const { properties } = provider({ Region: region }) as Rules;
  return properties?.authSchemes?.[0]?.signingRegion ?? region;
}

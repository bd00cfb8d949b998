/** Where in AWS the gateway pretends to be. */
export interface AwsPlace {
  readonly region: string;
  /** Twelve digits. */
  readonly accountId: string;
}

/** An ARN of this place: `arn:aws:<service>:<region>:<account>:<resource>`. */
export function arnOf(place: AwsPlace, service: string, resource: string): string {
  return `arn:aws:${service}:${place.region}:${place.accountId}:${resource}`;
}

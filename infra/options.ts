import type { ExpectedActivity } from '../lib/contract/expected-activity';
import type { DialectSetting, SeverityProfile } from '../lib/contract/settings';

/** A secret that is there already. Exactly one of `name` and `arn` is given. */
export interface SecretReference {
  /** Name of a secret in the stack's own account and region. */
  readonly name?: string;
  /** Full ARN, with the six characters that Secrets Manager puts at its end; of another account too, where that secret's policy allows it. */
  readonly arn?: string;
  /** ARN of the customer managed KMS key that encrypts the secret. @default the AWS managed key, which needs no permission */
  readonly keyArn?: string;
}

/** One tailnet to follow. */
export interface ConnectorDefinition {
  /** 1 to 32 of a-z, 0-9 and "-". The connector's state is kept under it: a new id starts from nothing. */
  readonly id: string;
  /** Organisation name, tailnet id, domain or e-mail address; "-" for the tailnet of the credential. */
  readonly tailnet: string;
  /**
   * Holds the credential as JSON: `{"apiKey":"…"}`, or `{"clientId":"…","clientSecret":"…"}` of an OAuth client.
   *
   * @default an empty secret is made, to be filled once with `aws secretsmanager put-secret-value`
   */
  readonly secret?: SecretReference;
  /** Which of the API's two forms is asked; `auto` finds out and remembers. @default 'auto' */
  readonly dialect?: DialectSetting;
}

export interface MonitoringOptions {
  /** ARN of an SNS topic that each alarm notifies when it goes off and when it is over. @default the alarms notify nobody */
  readonly alarmTopicArn?: string;
}

export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

/** What an operator can set. Each one is also a context key of the same name. */
export interface ConnectorOptions {
  /**
   * The tailnets to follow, all by one function, each with its own schedule. Together at most 3 KB as JSON: more go
   * into a second stack.
   *
   * @default [{ id: 'default', tailnet: '-' }]
   */
  readonly connectors?: readonly ConnectorDefinition[];
  /** Minutes, 1 to 720, that each window reaches back for records that show up late. @default 60 */
  readonly overlapMinutes?: number;
  /** `spec`: the documented severity table, exactly. `extended` raises what that table leaves low. @default 'spec' */
  readonly severityProfile?: SeverityProfile;
  /** Activity that is announced, such as CI or a scheduled rotation: its events are marked `expected`, never dropped. @default [] */
  readonly expectedActivity?: readonly ExpectedActivity[];
  /** Origin of Tailscale's API. Credentials are sent there, so it must be https. @default 'https://api.tailscale.com' */
  readonly apiUrl?: string;
  /** Name of the event bus to make. Not together with `busArn`. @default 'tailscale-audit' */
  readonly busName?: string;
  /**
   * ARN of a bus that is there already. Its resource policy is left alone: who else may use our event source on it is
   * for its owner to say. Both functions must be allowed events:DescribeEventBus on it, also by that policy when the bus
   * is another account's.
   *
   * @default a bus is made, on which only this connector may use our event source
   */
  readonly busArn?: string;
  /** Days, one of the periods that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90 … @default 90 */
  readonly logRetentionDays?: number;
  /** @default 'INFO' */
  readonly logLevel?: LogLevel;
  /** Alarms for a connector that stopped, keeps failing, or has lost or put aside something. `false`: nobody hears of it. @default the alarms are made */
  readonly monitoring?: false | MonitoringOptions;
}

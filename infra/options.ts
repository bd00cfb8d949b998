import type { ExpectedActivity } from '../lib/contract/expected-activity';
import type { DialectSetting, SeverityProfile } from '../lib/contract/settings';

/** An existing secret, by exactly one of `name` and `arn`. */
export interface SecretReference {
  /** Name of a secret in the stack's own account and region. */
  readonly name?: string;
  /** Full ARN, with the six characters that Secrets Manager appends. May be of another account, if the secret's policy allows it. */
  readonly arn?: string;
  /** ARN of the customer managed KMS key that encrypts the secret. @default the AWS managed key, which needs no permission */
  readonly keyArn?: string;
}

/** One tailnet to read. */
export interface ConnectorDefinition {
  /** 1 to 32 of a-z, 0-9 and "-". The key of the connector's state: a new id starts without state. */
  readonly id: string;
  /** Organisation name, tailnet id, domain or e-mail address; "-" for the tailnet of the credential. */
  readonly tailnet: string;
  /**
   * Secret with the credential as JSON: `{"apiKey":"…"}`, or `{"clientId":"…","clientSecret":"…"}` of an OAuth client.
   *
   * @default a new empty secret; store the credential with `aws secretsmanager put-secret-value`
   */
  readonly secret?: SecretReference;
  /** API form to request; `auto` detects it and remembers the result. @default 'auto' */
  readonly dialect?: DialectSetting;
}

export interface MonitoringOptions {
  /** ARN of an SNS topic that each alarm notifies when it starts and when it ends. @default no notification */
  readonly alarmTopicArn?: string;
}

export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

/** The settings. Each one is also a context key of the same name. */
export interface ConnectorOptions {
  /**
   * Tailnets to read, each with its own schedule. Together at most 3 KB as JSON: use a second stack for more.
   *
   * @default [{ id: 'default', tailnet: '-' }]
   */
  readonly connectors?: readonly ConnectorDefinition[];
  /** Minutes, 1 to 720, that each window reaches back for late records. @default 60 */
  readonly overlapMinutes?: number;
  /** `spec`: the documented severity table. `extended` raises some severities of that table. @default 'spec' */
  readonly severityProfile?: SeverityProfile;
  /** Rules for expected activity, such as CI or a scheduled rotation: matching events are marked `expected`, not dropped. @default [] */
  readonly expectedActivity?: readonly ExpectedActivity[];
  /** Origin of Tailscale's API. Credentials are sent there, so it must be https. @default 'https://api.tailscale.com' */
  readonly apiUrl?: string;
  /** Name of the new event bus. Not together with `busArn`. @default 'tailscale-audit' */
  readonly busName?: string;
  /**
   * ARN of an existing bus. Its resource policy is not changed. A bus of another account must allow both functions
   * events:PutEvents and events:DescribeEventBus.
   *
   * @default a new bus, on which only this connector may use its event source
   */
  readonly busArn?: string;
  /** Days, a period that CloudWatch Logs supports: 1, 3, 5, 7, 14, 30, 60, 90 … @default 90 */
  readonly logRetentionDays?: number;
  /** @default 'INFO' */
  readonly logLevel?: LogLevel;
  /** Alarms for each connector: stale, failing, gap, state lost, quarantined, clock skew. `false`: no alarms. @default alarms without notification */
  readonly monitoring?: false | MonitoringOptions;
}

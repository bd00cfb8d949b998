export { TailscaleAuditConnector } from './tailscale-audit-connector';
export type { TailscaleAuditConnectorProps } from './tailscale-audit-connector';
export type { ConnectorFunction } from './connector-function';
export type { ConnectorDefinition, ConnectorOptions, LogLevel, MonitoringOptions, SecretReference } from './options';
export { ConnectorStack } from './connector-stack';

/** An event pattern that EventBridge would refuse. */
export class InvalidEventPattern extends Error {
  override readonly name = 'InvalidEventPattern';
}

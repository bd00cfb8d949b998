import { identify } from '../lib/events/identity/identify';
import { encodeAll } from '../lib/events/normalize';
import { DETAIL_TYPE, EVENT_SOURCE } from '../lib/contract/names';
import type { EncodedEvent } from '../lib/domain/event';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../local/gateway/local-client';
import { readEntry, type DeliveredEvent } from '../local/gateway/put-events';
import { planDemoRecords } from '../local/tailnet/demo-records';

const NOW = Date.parse('2026-11-22T09:16:51Z');

/** EventBridge makes random event ids; these are fixed ones. */
const ENVELOPE_ID = {
  audit: 'f40507a2-49fb-4de0-bc46-f64b7c67fa31',
  'policy-diff': 'd1a4a3ca-ea81-44ce-ad50-643649e2237d',
} as const;

/** An approved route and the diff of a policy change, from the demo of `npm start`, as EventBridge gives them to a target. */
export function exampleEvents(): Readonly<Record<'audit' | 'policy-diff', DeliveredEvent>> {
  const events = planDemoRecords({ now: NOW }).flatMap(({ record }) =>
    encodeAll(identify(record, { tailnetKey: 'example.com', idKey: '0'.repeat(64) }), {
      connector: 'default',
      tailnetKey: 'example.com',
      mode: 'live',
      runId: '99dfdd20-d774-414d-9e59-a3dd7464cce1',
      receivedAt: NOW,
      watermark: NOW - 300_000,
      severityProfile: 'spec',
      oauthClientId: null,
      expectedActivity: [],
    }),
  );
  return {
    audit: delivered(
      events.find(({ countedAs }) => countedAs === 'routes:approve'),
      ENVELOPE_ID.audit,
    ),
    'policy-diff': delivered(
      events.find(({ detailType }) => detailType === DETAIL_TYPE.policyDiff),
      ENVELOPE_ID['policy-diff'],
    ),
  };
}

function delivered(found: EncodedEvent | undefined, envelopeId: string): DeliveredEvent {
  if (found === undefined) throw new Error('the demo has no such event');
  const { detailType, detail, time } = found;
  const entry = { Source: EVENT_SOURCE, DetailType: detailType, Detail: JSON.stringify(detail), Time: time / 1000 };
  const read = readEntry(entry, envelopeId, NOW, { region: LOCAL_REGION, accountId: LOCAL_ACCOUNT });
  if (read.refusal !== undefined) throw new Error(`EventBridge would refuse the event: ${read.refusal.code}`);
  return read.event;
}

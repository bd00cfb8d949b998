import { json, message, type Answer, type ReceivedRequest } from './exchange';
import { parseInstant } from './instant';
import type { RecordStore } from './record-store';

/**
 * `GET …/logging/configuration?start&end`: the whole window in one answer, both ends included, `logs: null` when it is
 * empty. The filters `actor`, `target` and `event` are not simulated.
 */
export function answerConfigurationRequest(request: ReceivedRequest, store: RecordStore, tailnetId: string): Answer {
  const start = parseInstant(request.query.get('start') ?? '');
  const end = parseInstant(request.query.get('end') ?? '');
  if (start === null) return message(400, 'start must be an RFC 3339 time');
  if (end === null) return message(400, 'end must be an RFC 3339 time');
  if (end < start) return message(400, 'end must not be before start');
  const logs = store.between(start, end, 'stored');
  return json(
    `{"version":"1.1","tailnetId":${JSON.stringify(tailnetId)},"logs":${logs.length === 0 ? 'null' : `[${logs.join(',')}]`}}`,
  );
}

import type { ExpectedActivity } from '../contract/expected-activity';
import type { DomainEvent } from '../domain/event';
import { parseTimestamp } from '../domain/time';

/**
 * The first expected-activity rule whose conditions all match; null if none does. Rules match only what the subject of an
 * event cannot choose: ids, and the actor's login name.
 */
export function expectedBy(
  event: Pick<DomainEvent, 'action' | 'actor' | 'target' | 'occurredAt'>,
  rules: readonly ExpectedActivity[],
): { readonly rule: string; readonly reason: string } | null {
  const found = rules.find((candidate) => matches(candidate, event));
  return found === undefined ? null : { rule: found.rule, reason: found.reason };
}

function matches(
  { action, actor, target, between, endsOn }: ExpectedActivity,
  event: Parameters<typeof expectedBy>[0],
): boolean {
  const { loginName, displayName, type } = event.actor;
  return (
    isNamed(action, [event.action]) &&
    isNamed(actor, [loginName, provenId(event.actor.id, [loginName, displayName, type])]) &&
    isNamed(target, [provenId(event.target.id, [event.target.name, event.target.type])]) &&
    isInTime(between, endsOn, event.occurredAt)
  );
}

/** null for an id that was a single text in place of an actor or target: it may be a name, which the subject can choose. */
function provenId(id: string | null, others: readonly (string | null)[]): string | null {
  return others.every((other) => other === null) ? null : id;
}

function isNamed(wanted: string | undefined, names: readonly (string | null)[]): boolean {
  if (wanted === undefined) return true;
  const start = wanted.endsWith('*') ? wanted.slice(0, -1) : undefined;
  return names.some((name) => name !== null && (start === undefined ? name === wanted : name.startsWith(start)));
}

/** An event without a time does not match a rule that requires one. */
function isInTime(
  between: ExpectedActivity['between'],
  endsOn: string | undefined,
  occurredAt: string | null,
): boolean {
  if (between === undefined && endsOn === undefined) return true;
  const millis = occurredAt === null ? null : parseTimestamp(occurredAt);
  if (millis === null) return false;
  const [day = '', clock = ''] = new Date(millis).toISOString().split('T');
  return (endsOn === undefined || day < endsOn) && (between === undefined || isBetween(clock.slice(0, 5), between));
}

function isBetween(clock: string, { from, until }: { readonly from: string; readonly until: string }): boolean {
  return from <= until ? clock >= from && clock < until : clock >= from || clock < until;
}

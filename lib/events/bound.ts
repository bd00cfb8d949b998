import type { AuditEvent } from '../contract/audit-event';
import type { PolicyDiffEvent } from '../contract/policy-diff-event';
import { wholeCharacters } from './describe';
import { sha256 } from './event-id';
import { canonicalJson } from './json';

/** UTF-8 bytes of a serialized detail. Some targets of a rule still stop at 256 KB, envelope included. */
export const MAX_DETAIL_BYTES = 240 * 1024;

/** Bytes. With everything cut an event still has its ids, names and the list of what was cut. */
export const MIN_DETAIL_BYTES = 16 * 1024;

interface Limits {
  /** How many of the values (old, new, raw; the unified diff) are cut, the largest first. */
  readonly values: number;
  /** Characters that are left of such a value. */
  readonly value: number;
  /** Characters of any other text. */
  readonly text: number;
  /** Members of a list. */
  readonly items: number;
}

/** Tried in order until the event fits. */
const STEPS: readonly Limits[] = [
  { values: 1, value: 4096, text: Infinity, items: Infinity },
  { values: 2, value: 4096, text: Infinity, items: Infinity },
  { values: 3, value: 4096, text: Infinity, items: Infinity },
  { values: 3, value: 4096, text: 1024, items: 100 },
  { values: 3, value: 512, text: 128, items: 10 },
  { values: 3, value: 0, text: 32, items: 0 },
];

/**
 * The event, cut where it must be to fit. `truncated` names what was cut, with the hash and size of what would have
 * stood there. Never refuses: a security event without its values is worth more than none.
 *
 * @param maxBytes Below MIN_DETAIL_BYTES it counts as that.
 */
export function boundAuditEvent(event: AuditEvent, maxBytes: number): AuditEvent {
  return bound(event, maxBytes, (limits) => {
    const cut = createCutter(limits);
    const [old, next, raw] = cut.values([
      ['change.old', event.change.old],
      ['change.new', event.change.new],
      ['raw', event.raw],
    ]);
    const schemaDrift = cut.list('schemaDrift', event.schemaDrift).map((path) => cut.text('schemaDrift', path));
    return { ...event, ...shortenShared(event, cut), change: { old: old ?? null, new: next ?? null }, raw: raw ?? null, schemaDrift, truncated: cut.truncated };
  });
}

/** As boundAuditEvent; what can be large here is the unified diff. */
export function boundPolicyDiffEvent(event: PolicyDiffEvent, maxBytes: number): PolicyDiffEvent {
  return bound(event, maxBytes, (limits) => {
    const cut = createCutter(limits);
    const shared = shortenShared(event, cut);
    const { diff } = event;
    const unified = diff === null ? '' : cut.values([['diff.unified', diff.unified]]).join('');
    return { ...event, ...shared, diff: diff === null ? null : { ...diff, unified, truncated: true }, truncated: cut.truncated };
  });
}

function bound<Event>(event: Event, maxBytes: number, cutTo: (limits: Limits) => Event): Event {
  const most = Math.max(maxBytes, MIN_DETAIL_BYTES);
  let result = event;
  for (const limits of STEPS) {
    if (Buffer.byteLength(JSON.stringify(result)) <= most) return result;
    result = cutTo(limits);
  }
  return result;
}

type Truncated = AuditEvent['truncated'][number];

interface Cutter {
  readonly truncated: Truncated[];
  readonly text: <Text extends string | null>(path: string, text: Text) => Text | string;
  readonly list: <Item>(path: string, items: readonly Item[]) => Item[];
  readonly values: (values: readonly (readonly [path: string, value: unknown])[]) => unknown[];
}

function createCutter(limits: Limits): Cutter {
  const truncated: Truncated[] = [];
  const note = (path: string, whole: string): void => {
    truncated.push({ path, sha256: sha256(whole), bytes: Buffer.byteLength(whole) });
  };
  const start = (path: string, whole: string, max: number): string => {
    note(path, whole);
    return max === 0 ? '' : `${wholeCharacters(whole.slice(0, max))}…`;
  };
  return {
    truncated,
    text: (path, text) => (text === null || text.length <= limits.text ? text : start(path, text, limits.text)),
    list: (path, items) => {
      if (items.length <= limits.items) return [...items];
      note(path, canonicalJson(items));
      return items.slice(0, limits.items);
    },
    values: (values) => {
      const texts = values.map(([path, value], at) => ({ path, at, text: typeof value === 'string' ? value : canonicalJson(value) }));
      const largest = [...texts].sort((a, b) => b.text.length - a.text.length).slice(0, limits.values);
      const cut = new Map(largest.filter(({ text }) => text.length > limits.value).map(({ at, path, text }) => [at, start(path, text, limits.value)]));
      return values.map(([, value], at) => cut.get(at) ?? value);
    },
  };
}

/** The fields of both kinds of event that hold what someone else wrote. */
function shortenShared(event: AuditEvent | PolicyDiffEvent, { text, list }: Cutter) {
  const { actor, target } = event;
  return {
    action: text('action', event.action),
    native: text('native', event.native),
    title: text('title', event.title),
    description: text('description', event.description),
    error: text('error', event.error),
    origin: text('origin', event.origin),
    groupId: text('groupId', event.groupId),
    actor: {
      id: text('actor.id', actor.id),
      type: text('actor.type', actor.type),
      loginName: text('actor.loginName', actor.loginName),
      displayName: text('actor.displayName', actor.displayName),
      tags: list('actor.tags', actor.tags).map((tag, at) => text(`actor.tags.${at}`, tag)),
      ip: text('actor.ip', actor.ip),
    },
    target: {
      id: text('target.id', target.id),
      name: text('target.name', target.name),
      type: text('target.type', target.type),
      property: text('target.property', target.property),
    },
    redactions: list('redactions', event.redactions),
  };
}

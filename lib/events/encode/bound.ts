import type { AuditEvent } from '../../contract/audit-event';
import type { PolicyDiff, PolicyDiffEvent } from '../../contract/policy-diff-event';
import { wholeCharacters } from './describe';
import { sha256 } from '../identity/event-id';
import { canonicalJson } from '../../domain/json';

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
  return bound(event, maxBytes, (cut) => {
    const [old, next, raw] = cut.values([
      ['change.old', event.change.old],
      ['change.new', event.change.new],
      ['raw', event.raw],
    ]);
    const schemaDrift = cut
      .list('schemaDrift', event.schemaDrift)
      .map((path, at) => cut.text(`schemaDrift.${at}`, path));
    return {
      ...event,
      ...shortenShared(event, cut),
      change: { old: old ?? null, new: next ?? null },
      raw: raw ?? null,
      schemaDrift,
      truncated: cut.truncated,
    };
  });
}

/** As boundAuditEvent; what can be large here is the unified diff. */
export function boundPolicyDiffEvent(event: PolicyDiffEvent, maxBytes: number): PolicyDiffEvent {
  return bound(event, maxBytes, (cut) => {
    const { diff } = event;
    const shared = shortenShared(event, cut);
    return { ...event, ...shared, diff: diff === null ? null : shortenDiff(diff, cut), truncated: cut.truncated };
  });
}

/** The unified diff goes first; the findings are few and short, and stay longest. */
function shortenDiff(diff: PolicyDiff, cut: Cutter): PolicyDiff {
  const unified = cut.values([['diff.unified', diff.unified]]).join('');
  return {
    ...diff,
    unified,
    truncated: diff.truncated || unified !== diff.unified,
    summary: cut.text('diff.summary', diff.summary),
    sections: cut.list('diff.sections', diff.sections),
    affectedRules: cut.list('diff.affectedRules', diff.affectedRules),
    findings: cut.list('diff.findings', diff.findings),
    standing: cut.list('diff.standing', diff.standing),
    cuts: cut.list('diff.cuts', diff.cuts),
  };
}

function bound<Event>(event: Event, maxBytes: number, cutWith: (cut: Cutter) => Event): Event {
  const most = Math.max(maxBytes, MIN_DETAIL_BYTES);
  const whole = createWholes();
  let result = event;
  for (const limits of STEPS) {
    if (Buffer.byteLength(JSON.stringify(result)) <= most) return result;
    result = cutWith(createCutter(limits, whole));
  }
  return result;
}

type Truncated = AuditEvent['truncated'][number];

/** What stands at a path before anything is cut. Worked out once: it may be 16 MB long, and each step asks again. */
interface Wholes {
  readonly text: (path: string, value: unknown) => string;
  readonly note: (path: string, value: unknown) => Truncated;
}

function createWholes(): Wholes {
  const texts = new Map<string, string>();
  const notes = new Map<string, Truncated>();
  const text = (path: string, value: unknown): string => {
    const found = texts.get(path) ?? (typeof value === 'string' ? value : canonicalJson(value));
    texts.set(path, found);
    return found;
  };
  const note = (path: string, value: unknown): Truncated => {
    const whole = text(path, value);
    const found = notes.get(path) ?? { path, sha256: sha256(whole), bytes: Buffer.byteLength(whole) };
    notes.set(path, found);
    return found;
  };
  return { text, note };
}

interface Cutter {
  readonly truncated: Truncated[];
  readonly text: <Text extends string | null>(path: string, text: Text) => Text | string;
  readonly list: <Item>(path: string, items: readonly Item[]) => Item[];
  readonly values: (values: readonly (readonly [path: string, value: unknown])[]) => unknown[];
}

function createCutter(limits: Limits, whole: Wholes): Cutter {
  const truncated: Truncated[] = [];
  const start = (path: string, text: string, max: number): string => {
    truncated.push(whole.note(path, text));
    return max === 0 ? '' : `${wholeCharacters(text.slice(0, max))}…`;
  };
  return {
    truncated,
    text: (path, text) => (text === null || text.length <= limits.text ? text : start(path, text, limits.text)),
    list: (path, items) => {
      if (items.length <= limits.items) return [...items];
      truncated.push(whole.note(path, items));
      return items.slice(0, limits.items);
    },
    values: (values) => {
      const texts = values.map(([path, value], at) => ({ path, at, text: whole.text(path, value) }));
      const largest = texts.sort((a, b) => b.text.length - a.text.length).slice(0, limits.values);
      const cut = new Map(
        largest
          .filter(({ text }) => text.length > limits.value)
          .map(({ at, path, text }) => [at, start(path, text, limits.value)]),
      );
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

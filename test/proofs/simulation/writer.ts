import type { Dialect } from '../../../lib/domain/dialect';
import type { Millis } from '../../../lib/domain/time';

/** A record as the API would show it, and what an event made from it must say. */
export interface Written {
  /** Stands in the record once, and in no other. */
  readonly marker: string;
  readonly record: unknown;
  /** The same fact in the other dialect. */
  readonly inOtherDialect: unknown;
  /** Its time as written; null: none that can be read. */
  readonly occurredAt: string | null;
  readonly isParsable: boolean;
  readonly isPolicyChange: boolean;
}

interface When {
  readonly at: Millis;
  readonly nanos: number;
  readonly group?: string;
  /** The rate limiter put the record aside, to be logged later. */
  readonly deferredAt?: Millis;
}

/** Writes records of a dialect, each with a different marker. */
export interface Writer {
  group(): string;
  plain(when: When): Written;
  /** All the same but for the value that was set. */
  twinOf(other: Written, when: When): Written;
  /** The same record with another content. */
  editOf(other: Written, when: When): Written;
  policy(when: When): Written;
  untimed(when: When, isGibberish: boolean): Written;
  unparsable(form: number): Written;
  poison(when: When): Written;
  large(when: When): Written;
}

const WRITE: Readonly<Record<Dialect, (facts: Facts) => object>> = {
  audit: auditRecord,
  configuration: configurationRecord,
};

/** Records with this in them are refused by the simulated bus, always. */
export const POISON = 'poison-';

/** Every marker in a text. */
export const MARKERS = /(?:sim|other)-\d+-v\d/g;

/** Bytes; with it no event fits into the bus's bound. */
const LARGE = 250 * 1024;

/** @param prefix Tells the records of two tailnets apart. */
export function createWriter(dialect: Dialect, prefix: 'sim' | 'other' = 'sim'): Writer {
  let made = 0;
  const next = () => (made += 1);
  const marker = (number: number, version = 0) => `${prefix}-${number}-v${version}`;
  const other = dialect === 'audit' ? 'configuration' : 'audit';

  const parsable = (number: number, when: When, fields: Partial<Facts> = {}, version = 0): Written => {
    const facts: Facts = {
      number,
      group: when.group ?? `group${String(number).padStart(6, '0')}`,
      time: instant(when),
      deferredAt: when.deferredAt ?? null,
      subject: `node-${number}`,
      value: { marker: marker(number, version) },
      ...fields,
    };
    return {
      marker: marker(number, version),
      record: WRITE[dialect](facts),
      inOtherDialect: WRITE[other](facts),
      occurredAt: facts.time,
      isParsable: true,
      isPolicyChange: false,
    };
  };

  return {
    group: () => `shared${next()}`,
    plain: (when) => parsable(next(), when),
    twinOf(other, when) {
      const number = next();
      const twin = numberOf(other);
      return parsable(number, when, { subject: `node-${twin}`, group: `group${String(twin).padStart(6, '0')}` });
    },
    editOf: (other, when) => parsable(numberOf(other), when, {}, 1),
    policy(when) {
      const number = next();
      const policy = (ports: string) =>
        `// the policy\n{\n  "acls": [{"action": "accept", "src": ["group:ops"], "dst": ["*:${ports}"]}],\n}\n`;
      return {
        ...parsable(number, when, {
          subject: marker(number),
          isPolicy: true,
          before: policy('22'),
          value: policy(String(1000 + number)),
        }),
        isPolicyChange: true,
      };
    },
    untimed(when, isGibberish) {
      const number = next();
      return { ...parsable(number, when, { time: isGibberish ? 'some time ago' : null }), occurredAt: null };
    },
    unparsable(form) {
      const number = next();
      const forms: readonly unknown[] = [{ broken: marker(number) }, `a line: ${marker(number)}`, [marker(number)]];
      return {
        marker: marker(number),
        record: forms[form],
        inOtherDialect: forms[form],
        occurredAt: null,
        isParsable: false,
        isPolicyChange: false,
      };
    },
    poison(when) {
      const number = next();
      return parsable(number, when, { subject: `${POISON}${number}` });
    },
    large(when) {
      const number = next();
      return parsable(number, when, { subject: marker(number), value: 'x'.repeat(LARGE) });
    },
  };
}

const numberOf = ({ marker }: Written) => Number(marker.split('-')[1]);

interface Facts {
  readonly number: number;
  readonly group: string;
  readonly time: string | null;
  readonly deferredAt: Millis | null;
  readonly subject: string;
  readonly isPolicy?: boolean;
  readonly before?: unknown;
  readonly value: unknown;
}

const actor = { id: 'uAliceCNTRL', type: 'USER', loginName: 'alice@example.com', displayName: 'Alice' };

function configurationRecord({ group, time, deferredAt, subject, isPolicy = false, before, value }: Facts): object {
  return {
    // Without it the record would have the other dialect's shape.
    eventTime: time ?? '0001-01-01T00:00:00Z',
    type: 'CONFIG',
    deferredAt: deferredAt === null ? '0001-01-01T00:00:00Z' : new Date(deferredAt).toISOString(),
    eventGroupID: group,
    origin: 'ADMIN_CONSOLE',
    actor,
    target: isPolicy
      ? { id: 'T1CNTRL', name: subject, type: 'TAILNET', property: 'ACL' }
      : {
          id: `n-${subject}`,
          name: subject,
          type: 'NODE',
          property: subject.length % 2 === 0 ? 'TAGS' : 'KEY_EXPIRY_TIME',
        },
    action: 'UPDATE',
    ...(before === undefined ? {} : { old: before }),
    new: value,
  };
}

function auditRecord({ number, group, time, subject, isPolicy = false, before, value }: Facts): object {
  return {
    id: `audit-${number}`,
    action: isPolicy ? 'acl:update' : 'device:update',
    actor,
    target: { id: `n-${subject}`, name: subject, type: isPolicy ? 'acl' : 'device' },
    ...(time === null ? {} : { created: time }),
    eventGroupID: group,
    actorIp: '203.0.113.7',
    ...(before === undefined ? {} : { old: before }),
    new: value,
  };
}

function instant({ at, nanos }: When): string {
  return new Date(at).toISOString().replace('Z', `${String(nanos).padStart(6, '0')}Z`);
}

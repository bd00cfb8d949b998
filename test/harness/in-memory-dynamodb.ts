import { ConditionalCheckFailedException, type AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../lib/domain/deadline';

export type Item = Readonly<Record<string, AttributeValue>>;

/** The parts of a command's input that the product uses. */
export interface Input {
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ExclusiveStartKey?: Item;
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly KeyConditionExpression?: string;
  readonly FilterExpression?: string;
  readonly ExpressionAttributeValues?: Item;
}

/** The operations and expressions of DynamoDB that the product uses, over items in memory; others throw. */
export interface InMemoryDynamoDb {
  get(pk: string, sk: string): Item | undefined;
  put(item: Item): void;
  delete(pk: string, sk: string): void;
  /** Items in the order of their sort keys. */
  partition(pk: string): Item[];
  /**
   * @param onWrite Called with the item before and after, once the condition holds and before anybody can read it.
   * @throws ConditionalCheckFailedException.
   */
  putItem(input: Input, onWrite?: OnWrite): object;
  updateItem(input: Input, onWrite?: OnWrite): { readonly Attributes: Item };
  query(input: Input): { readonly Items: Item[] };
}

export type OnWrite = (before: Item | undefined, after: Item) => void;

/** @param clock The service's own: an expired item is gone the second it may be. */
export function createInMemoryDynamoDb(clock: Clock): InMemoryDynamoDb {
  const partitions = new Map<string, Map<string, Item>>();

  const itemsOf = (pk: string) => {
    const found = partitions.get(pk) ?? new Map<string, Item>();
    partitions.set(pk, found);
    return found;
  };
  function get(pk: string, sk: string): Item | undefined {
    const found = itemsOf(pk).get(sk);
    if (found?.['exp']?.N === undefined || Number(found['exp'].N) * 1000 > clock.now()) return found;
    itemsOf(pk).delete(sk);
    return undefined;
  }
  const put = (item: Item) => void itemsOf(item['pk']?.S ?? '').set(item['sk']?.S ?? '', item);
  const partition = (pk: string) =>
    [...itemsOf(pk).keys()].sort().flatMap((sk) => {
      const item = get(pk, sk);
      return item === undefined ? [] : [item];
    });

  function write(input: Input, before: Item | undefined, after: () => Item, onWrite?: OnWrite): Item {
    if (!holds(input.ConditionExpression, before ?? {}, input))
      throw new ConditionalCheckFailedException({ message: 'The conditional request failed', $metadata: {} });
    const item = after();
    onWrite?.(before, item);
    put(item);
    return item;
  }

  return {
    get,
    put,
    partition,
    delete: (pk, sk) => void itemsOf(pk).delete(sk),
    putItem(input, onWrite) {
      const { Item: item = {} } = input;
      write(input, get(item['pk']?.S ?? '', item['sk']?.S ?? ''), () => item, onWrite);
      return {};
    },
    updateItem(input, onWrite) {
      const { Key: key = {}, UpdateExpression: expression = '' } = input;
      const before = get(key['pk']?.S ?? '', key['sk']?.S ?? '');
      return { Attributes: write(input, before, () => changed(expression, before ?? key, input), onWrite) };
    },
    query(input) {
      const pk = input.ExpressionAttributeValues?.[':pk']?.S ?? '';
      const all = partition(pk).filter((item) => holds(input.KeyConditionExpression, item, input));
      return { Items: all.filter((item) => holds(input.FilterExpression, item, input)) };
    },
  };
}

type Test = (item: Item, values: Item) => boolean;
type Change = (before: Item, after: Record<string, AttributeValue>, values: Item) => void;

/** Numbers and strings; everything else is not comparable. */
const plain = (value: AttributeValue | undefined): string | number =>
  value?.N === undefined ? (value?.S ?? NaN) : Number(value.N);

function holds(expression: string | undefined, item: Item, { ExpressionAttributeValues: values = {} }: Input): boolean {
  return expression === undefined || compiled(tests, expression, toTest)(item, values);
}

/** `(a OR b) AND c`. The AND of a BETWEEN is followed by a value. */
function toTest(expression: string): Test {
  const every = expression.split(/ AND (?!:)/).map((part): Test => {
    const some = part
      .replace(/^\((.*)\)$/, '$1')
      .split(' OR ')
      .map(toSimpleTest);
    return (item, values) => some.some((test) => test(item, values));
  });
  return (item, values) => every.every((test) => test(item, values));
}

function toSimpleTest(expression: string): Test {
  const [, not, present] = /^attribute_(not_)?exists\(#?(\w+)\)$/.exec(expression) ?? [];
  if (present !== undefined) return (item) => (item[present] === undefined) === (not !== undefined);
  const [, prefixed = '', prefix] = /^begins_with\(#(\w+), (:\w+)\)$/.exec(expression) ?? [];
  if (prefix !== undefined) return (item, values) => `${item[prefixed]?.S}`.startsWith(`${values[prefix]?.S}`);
  const [, between = '', first = '', last] = /^#(\w+) BETWEEN (:\w+) AND (:\w+)$/.exec(expression) ?? [];
  if (last !== undefined)
    return (item, values) =>
      plain(item[between]) >= plain(values[first]) && plain(item[between]) <= plain(values[last]);
  const [, name = '', operator, value = ''] = /^#(\w+) (=|<|<=) (:\w+)$/.exec(expression) ?? [];
  if (operator === undefined) throw new Error(`the in-memory table cannot evaluate ${expression}`);
  return (item, values) => {
    const [one, other] = [plain(item[name]), plain(values[value])];
    return (operator !== '<' && one === other) || (operator !== '=' && one < other);
  };
}

function changed(expression: string, before: Item, { ExpressionAttributeValues: values = {} }: Input): Item {
  const after = { ...before };
  compiled(changes, expression, toChange)(before, after, values);
  return after;
}

function toChange(expression: string): Change {
  const all = expression.split(/(?:^| )(?=SET |REMOVE |ADD )/).flatMap((clause) => {
    const [verb = '', ...rest] = clause.split(' ');
    return rest
      .join(' ')
      .split(/, (?!:)/)
      .map((part) => toSimpleChange(verb, part));
  });
  return (before, after, values) => {
    for (const change of all) change(before, after, values);
  };
}

function toSimpleChange(verb: string, part: string): Change {
  const [, name = '', source = ''] = /^#(\w+)(?: = | |$)(.*)$/.exec(part) ?? [];
  if (verb === 'REMOVE') return (_, after) => void Reflect.deleteProperty(after, name);
  const value = /:\w+/.exec(source)?.[0] ?? '';
  const initialOf = /^if_not_exists\(#(\w+), :\w+\)$/.exec(source)?.[1];
  return (before, after, values) => {
    const written = values[value];
    if (written === undefined) throw new Error(`the in-memory table cannot evaluate ${verb} ${part}`);
    if (verb === 'ADD') after[name] = sum(before[name], written);
    else after[name] = (initialOf === undefined ? undefined : before[initialOf]) ?? written;
  };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

function sum(before: AttributeValue | undefined, added: AttributeValue): AttributeValue {
  if (before === undefined) return added;
  if (added.N !== undefined) return { N: String(Number(before.N) + Number(added.N)) };
  const distinct = new Map([...(before.BS ?? []), ...(added.BS ?? [])].map((bytes) => [hex(bytes), bytes]));
  return { BS: [...distinct.values()] };
}

const tests = new Map<string, Test>();
const changes = new Map<string, Change>();

/** The product has a handful of expressions, and the simulation evaluates them a million times. */
function compiled<Compiled>(known: Map<string, Compiled>, text: string, compile: (text: string) => Compiled): Compiled {
  const found = known.get(text) ?? compile(text);
  known.set(text, found);
  return found;
}

/** One mistake, as a change to one place of one file. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Every proof that must catch it, and the invariants of which one must be among what it finds broken. */
  readonly caughtBy: readonly { readonly proof: ProofName; readonly invariants: readonly string[] }[];
}

export const PROOFS = ['story', 'frozen at a commit', 'late record', 'outage', 'cursor taken up again', 'large answer', 'simulation'] as const;
export type ProofName = (typeof PROOFS)[number];

/** The mistakes that a harness for this connector has to know. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'mark seen before publish',
    file: 'lib/connector/deliver.ts',
    find: 'const [published, kept] = await Promise.allSettled([publish(',
    replace: 'await tenure.markSeen(events.slice(next, next + FLUSH_UNIT).map(({ seen }) => seen));\n    const [published, kept] = await Promise.allSettled([publish(',
    caughtBy: [
      { proof: 'story', invariants: ['I9'] },
      { proof: 'simulation', invariants: ['I9'] },
    ],
  },
  {
    name: 'commit before publish',
    file: 'lib/connector/read-window.ts',
    find: 'const delivery = await publishPage(run, page, walk);',
    replace: 'await tenure.commit(walk.behind(place, window, page, { accepted: [], refused: [], unsent: [] }));\n      const delivery = await publishPage(run, page, walk);',
    caughtBy: [
      { proof: 'story', invariants: ['I4'] },
      { proof: 'simulation', invariants: ['I4'] },
    ],
  },
  {
    name: 'no bisect',
    file: 'lib/tailscale/configuration-dialect.ts',
    find: 'slices.push(...halves(slice));',
    replace: 'halves(slice);',
    caughtBy: [{ proof: 'large answer', invariants: ['I1'] }],
  },
  {
    name: 'no overlap',
    file: 'lib/connector/window.ts',
    find: 'overlapMs), place.watermark - overlapMs)',
    replace: 'overlapMs), place.watermark)',
    caughtBy: [
      { proof: 'late record', invariants: ['I1'] },
      { proof: 'simulation', invariants: ['I1', 'I4'] },
    ],
  },
  {
    name: 'watermark per page',
    file: 'lib/connector/window.ts',
    find: 'if (page.cursor !== null) return { ...place, dialect: page.dialect, inflight: nextPage(window, page, asOf) };',
    replace:
      'if (page.cursor !== null) return { ...place, dialect: page.dialect, inflight: nextPage(window, page, asOf), watermark: Math.max(place.watermark, Math.min(page.until ?? asOf, asOf) - SETTLE_MS) };',
    caughtBy: [
      { proof: 'story', invariants: ['I4'] },
      { proof: 'simulation', invariants: ['I4'] },
    ],
  },
  {
    name: 'partial failure ignored',
    file: 'lib/bus/eventbridge-bus.ts',
    find: "if (EventId !== undefined && EventId !== '') {",
    replace: "if (EventId !== '') {",
    caughtBy: [{ proof: 'story', invariants: ['I1'] }],
  },
  {
    name: 'cursor resumed without asOf',
    file: 'lib/connector/window.ts',
    find: 'const asOf = window.asOf ?? page.asOf;',
    replace: 'const { asOf } = page;',
    caughtBy: [
      { proof: 'cursor taken up again', invariants: ['I4'] },
      { proof: 'simulation', invariants: ['I4'] },
    ],
  },
  {
    name: 'no fencing',
    file: 'lib/state/tenure.ts',
    find: "when: '#token = :token AND #rev = :rev'",
    replace: "when: '#token = :token AND #rev = :rev OR attribute_exists(#token)'",
    caughtBy: [{ proof: 'frozen at a commit', invariants: ['I5'] }],
  },
  {
    name: 'sweep anchored at now',
    file: 'lib/connector/window.ts',
    find: 'doneFrom - SWEEPS[tier].horizonMs',
    replace: 'now - SWEEPS[tier].horizonMs',
    caughtBy: [
      { proof: 'outage', invariants: ['I1'] },
      { proof: 'simulation', invariants: ['I1'] },
    ],
  },
  {
    name: "diff sharing the audit's seen element",
    file: 'lib/events/event-id.ts',
    find: 'element: sha256(id).slice(0, HALF)',
    replace: "element: sha256(id.replace(/^.*:/, '')).slice(0, HALF)",
    caughtBy: [
      { proof: 'story', invariants: ['I1'] },
      { proof: 'simulation', invariants: ['I1', 'I9'] },
    ],
  },
];

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

export const PROOFS = [
  'story',
  'frozen at a commit',
  'late record',
  'outage',
  'cursor taken up again',
  'slow answer',
  'killed in a page',
  'known page',
  'lease lost in a page',
  'simulation',
] as const;
export type ProofName = (typeof PROOFS)[number];

/** The mistakes that a harness for this connector has to know. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'mark seen before publish',
    file: 'lib/pipeline/deliver.ts',
    find: 'const answer = await publish(',
    replace: 'await markAll(ready);\n    const answer = await publish(',
    caughtBy: [
      { proof: 'story', invariants: ['I9'] },
      { proof: 'simulation', invariants: ['I9'] },
    ],
  },
  {
    name: 'commit before publish',
    file: 'lib/pipeline/read-window.ts',
    find: 'published = await publisher.publish(',
    replace:
      'const early = { asOf: page.asOf, dialect: page.dialect, cursor: null, until: window.until };\n        await lease.commit(reader.after(checkpoint, window, { kind: "page", page: early, tally }).checkpoint);\n        published = await publisher.publish(',
    caughtBy: [
      { proof: 'story', invariants: ['I4'] },
      { proof: 'simulation', invariants: ['I4'] },
    ],
  },
  {
    name: 'no bisect',
    file: 'lib/tailscale/dialects/configuration.ts',
    find: 'Math.ceil((until - from) / 2)',
    replace: 'until - from',
    caughtBy: [
      { proof: 'slow answer', invariants: ['I1'] },
      { proof: 'simulation', invariants: ['I12', 'I1'] },
    ],
  },
  {
    name: 'no overlap',
    file: 'lib/pipeline/plan.ts',
    find: 'installation), checkpoint.watermark - overlapMs)',
    replace: 'installation), checkpoint.watermark)',
    caughtBy: [
      { proof: 'late record', invariants: ['I1'] },
      { proof: 'simulation', invariants: ['I1', 'I4'] },
    ],
  },
  {
    name: 'watermark per page',
    file: 'lib/pipeline/plan.ts',
    find: 'if (page.cursor !== null) return { ...checkpoint, dialect: page.dialect, inflight: nextPage(window, page, asOf) };',
    replace:
      'if (page.cursor !== null) return { ...checkpoint, dialect: page.dialect, inflight: nextPage(window, page, asOf), watermark: Math.max(checkpoint.watermark, Math.min(page.until ?? asOf, asOf) - SETTLE_MS) };',
    caughtBy: [
      { proof: 'story', invariants: ['I4'] },
      { proof: 'simulation', invariants: ['I4'] },
    ],
  },
  {
    name: 'partial failure ignored',
    file: 'lib/eventbridge/event-bus.ts',
    find: "if (EventId !== undefined && EventId !== '') {",
    replace: "if (EventId !== '') {",
    caughtBy: [
      { proof: 'story', invariants: ['I1'] },
      { proof: 'simulation', invariants: ['I9', 'I1'] },
    ],
  },
  {
    name: 'cursor resumed without asOf',
    file: 'lib/pipeline/plan.ts',
    find: 'const asOf = window.asOf ?? page.asOf;',
    replace: 'const { asOf } = page;',
    caughtBy: [
      { proof: 'cursor taken up again', invariants: ['I4'] },
      { proof: 'simulation', invariants: ['I4'] },
    ],
  },
  {
    name: 'no fencing',
    file: 'lib/dynamodb/leased-checkpoint.ts',
    find: 'when: [isOurs, revisionIs(revision)]',
    replace: 'when: []',
    caughtBy: [
      { proof: 'simulation', invariants: ['I5'] },
      { proof: 'frozen at a commit', invariants: ['I5'] },
    ],
  },
  {
    name: 'sweep anchored at now',
    file: 'lib/pipeline/plan.ts',
    find: 'doneFrom - SWEEPS[tier].horizonMs',
    replace: 'now - SWEEPS[tier].horizonMs',
    caughtBy: [
      { proof: 'outage', invariants: ['I1'] },
      { proof: 'simulation', invariants: ['I1'] },
    ],
  },
  {
    name: "diff sharing the audit's seen element",
    file: 'lib/events/identity/event-id.ts',
    find: 'element: sha256(id).slice(0, HALF)',
    replace: "element: sha256(id.replace(/^.*:/, '')).slice(0, HALF)",
    caughtBy: [
      { proof: 'story', invariants: ['I1'] },
      { proof: 'simulation', invariants: ['I1', 'I9'] },
    ],
  },
  {
    name: 'publish a page whole',
    file: 'lib/pipeline/deliver.ts',
    find: 'if (isFull()) await sendUnit();',
    replace: 'isFull();',
    caughtBy: [{ proof: 'killed in a page', invariants: ['I20'] }],
  },
  {
    name: 'diff before the published check',
    file: 'lib/pipeline/publish-page.ts',
    find: 'const work = await unpublished(batch, context, reader.selects, tally);',
    replace:
      'for (const record of batch) {\n              const one = identifyLogRecord(record, { tailnetKey: context.tailnetKey, idKey: lease.installation.idKey });\n              if (one.kind === "record") { const event = normalize(one.identified, context); for (const form of one.identified.forms) encode(event, form, 0, context); }\n            }\n            const work = await unpublished(batch, context, reader.selects, tally);',
    caughtBy: [{ proof: 'known page', invariants: ['I24'] }],
  },
  {
    name: 'no poison count',
    file: 'lib/pipeline/publish-page.ts',
    find: 'const MAX_DEATHS = 2;',
    replace: 'const MAX_DEATHS = Infinity;',
    caughtBy: [{ proof: 'simulation', invariants: ['I23'] }],
  },
  {
    name: 'announcement not owed',
    file: 'lib/poll/health.ts',
    find: 'await save({ alert, owed: [...others, { ...notice, at: clock.now(), runId }].slice(-MAX_OWED) });\n    await emitOwed();',
    replace: 'await save({ alert, owed: others });\n    await tryToPublish({ ...notice, at: clock.now(), runId });',
    caughtBy: [{ proof: 'simulation', invariants: ['I21', 'I22'] }],
  },
  {
    name: 'unfenced mark',
    file: 'lib/dynamodb/leased-checkpoint.ts',
    find: 'const written = await write({ ...attributes, working: toWorking(records, deaths) });',
    replace: 'const written = await items.write(sk, { set: { ...attributes, working: toWorking(records, deaths) } });',
    caughtBy: [{ proof: 'lease lost in a page', invariants: ['I7'] }],
  },
];

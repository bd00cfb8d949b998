// The former names of test/harness/in-memory-pipeline.ts, for tests that still use them.
export { createPipeline as createStage, PIPELINE_START as STAGE_START, recordEvents } from './in-memory-pipeline';
export type { InMemoryPipeline as Stage, PipelineOptions as StageOptions } from './in-memory-pipeline';

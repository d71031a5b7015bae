export type { Endpoint, Fault, FaultRule } from "./faults.js";
export { parseLine, parseRow } from "./json-lines.js";
export { type RecordedRequest, type StandInOptions, StandInServer } from "./server.js";
export { md5Base64, type StoredArtifact, type StoredRun } from "./store.js";

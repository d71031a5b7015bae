/** What the binaries start. They share one bundle, and so one copy of the framework. */
export { execute, flush, handle, run } from "@oclif/core";

#!/usr/bin/env node
import { flush, handle, run } from "../cli/program.js";

await run(["parse_tc_group", ...process.argv.slice(2)], import.meta.url)
  .catch(handle)
  .finally(() => flush());

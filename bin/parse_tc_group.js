#!/usr/bin/env node
import { start } from "../cli/program.js";

await start(["parse_tc_group", ...process.argv.slice(2)], import.meta.url);

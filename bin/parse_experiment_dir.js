#!/usr/bin/env node
import { start } from "../cli/program.js";

await start(["parse_experiment_dir", ...process.argv.slice(2)], import.meta.url);

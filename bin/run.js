#!/usr/bin/env node
import { start } from "../cli/program.js";

await start(process.argv.slice(2), import.meta.url);
